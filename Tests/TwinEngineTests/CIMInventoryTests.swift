// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import TwinEngine

@Suite struct CIMInventoryTests {
    @Test func levelsFollowTheContentOrTheProject() throws {
        let points = ["A,给水,0,0,10,阀门,1", "B,给水,300,400,10,阀门,1"]
        let made = try PipeCity(points: points, lines: ["w,给水,A,B,1,1,,,400,"], model: ", cim: CIM4")
        let inventory = CIMInventory(city: made.city)
        #expect(inventory.entries.map(\.id) == ["mains", "nodes", "pipes", "parts"])
        #expect(inventory.entries.map(\.level) == [.frame, .frame, .fine, .frame])
        #expect(inventory.entries.map(\.isStated) == [false, false, true, false])
        let frame = try #require(inventory.levels.first)
        #expect(inventory.levels.count == 1 && frame.id == "CIM2" && frame.count == 3)
        #expect(abs(frame.length - 500) < 0.01)
        #expect(inventory.departments.map(\.id) == ["水务局"])
        let json = try #require(JSONSerialization.jsonObject(with: Data(inventory.json())) as? [String: Any])
        #expect((json["entries"] as? [[String: Any]])?.first?["cim"] as? String == "CIM2")
        #expect(try CityInventory(city: made.city).table().contains("CIM2"))
    }

    @Test func aLevelThatDoesNotExistIsRefused() throws {
        let error = try #require(throws: TwinError.self) {
            try PipeCity(points: [], lines: [], model: ", cim: CIM8")
        }
        #expect(error.message.contains("'CIM8' is not a level; write CIM1 to CIM7"))
    }
}
