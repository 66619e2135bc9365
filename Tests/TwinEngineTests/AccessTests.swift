// SPDX-License-Identifier: Apache-2.0
import Logging
import Testing
@testable import TwinEngine

@Suite struct AccessTests {
    @Test func digestsMatchThePublishedVectors() {
        // FIPS 180-4 examples, and a message of two blocks.
        let hex = { (text: String) in
            SHA256.digest(Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        #expect(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    }

    @Test func aTokenNamesItsHolder() throws {
        let access = try Access.parse(Self.file, file: "access.yaml")
        #expect(access.principal(token: "abc")?.name == "gas-office")
        #expect(access.principal(token: "abd") == nil)
        #expect(access.principal(token: "") == nil)
    }

    @Test func anonymousReadsOnlyPublicLayers() throws {
        let access = try Access.parse(Self.file, file: "access.yaml")
        let gas = try #require(access.principal(token: "abc"))
        #expect(access.decide(.anonymous, .read, .live(.public)).isAllowed)
        #expect(!access.decide(.anonymous, .read, .live(.internal)).isAllowed)
        #expect(access.decide(gas, .read, .live(.restricted)).isAllowed)
        #expect(!access.decide(gas, .read, .live(.confidential)).isAllowed)
    }

    @Test func postingNeedsARoleOnceTokensExist() throws {
        let access = try Access.parse(Self.file, file: "access.yaml")
        let gas = try #require(access.principal(token: "abc"))
        #expect(!access.decide(.anonymous, .write, .live(.public)).isAllowed)
        #expect(access.decide(gas, .write, .live(.public)).isAllowed)
        #expect(Access.open().decide(.anonymous, .write, .live(.public)).isAllowed)
    }

    @Test func everyMistakeIsReportedWithItsLine() throws {
        let text = """
            tokens:
              - {name: a, sha256: abc, rolle: editor}
              - {name: a, sha256: \(Self.digest), role: boss}
            mask: []
            """
        let error = try #require(throws: TwinError.self) { try Access.parse(text, file: "access.yaml") }
        #expect(error.message.contains("access.yaml:2"))
        #expect(error.message.contains("rolle"))
        #expect(error.message.contains("64 hexadecimal digits"))
        #expect(error.message.contains("boss"))
        #expect(error.message.contains("'mask'"))
    }

    @Test func comparesWithoutShortcuts() {
        #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
    }

    static let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    static let file = """
        tokens:
          - {name: gas-office, sha256: \(digest), role: editor, department: 燃气公司, classification: restricted}
        """
}
