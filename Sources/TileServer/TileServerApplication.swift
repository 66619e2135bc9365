// SPDX-License-Identifier: Apache-2.0
import Foundation
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
public import TwinEngine

/// Serves a city until SIGINT or SIGTERM, then finishes what was begun and returns.
///
/// - Parameters:
///   - city: an open city.
///   - options: see ``ServeOptions``.
///   - logger: gets one line when the server listens, and problems. The access log is at level debug.
///   - onListening: called once with the port, which is the system's choice where the options say 0.
/// - Throws: `TwinError.argument` if the port is taken, naming it; `TwinError.project` for a bad access file.
public func runServer(
    city: City, options: ServeOptions, logger: Logger = Logger(label: "twin.server"),
    onListening: @escaping @Sendable (Int) async -> Void = { _ in }
) async throws {
    ServerMemory.keep()
    let server = try CityServer(city: city, options: options, logger: logger)
    let application = try makeApplication(server, onListening: onListening)
    if !server.access.isConfigured {
        logger.notice("no access file: public layers and POST /live are open to everybody who reaches this address")
    }
    do {
        try await application.runService()
    } catch let error as IOError where error.errnoCode == EADDRINUSE {
        throw TwinError(
            .argument,
            "port \(options.port) on \(options.host) is in use by another program; "
                + "stop it, or choose another one with --port, for example --port \(options.port + 1)")
    } catch let error as IOError where error.errnoCode == EACCES {
        throw TwinError(
            .argument,
            "port \(options.port) needs privileges; choose one above 1023 with --port, for example --port 8080")
    } catch let error as IOError where error.errnoCode == EADDRNOTAVAIL {
        throw TwinError(
            .argument, "\(options.host) is no address of this machine; choose one with --host, for example 127.0.0.1")
    }
    try await server.workers.shutdown()
}

/// What the `Server` field of answers says.
let serverName = "twin"

/// The application around a server: HTTP/1.1 with limits, the routes, and the background services.
func makeApplication(
    _ server: CityServer, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
) throws -> Application<CityResponder> {
    let options = server.options
    var application = Application(
        responder: CityResponder(server: server, routes: RouteTable.all),
        server: HTTPServerBuilder { responder in CityChannel(server: server, responder: responder) },
        configuration: ApplicationConfiguration(
            address: .hostname(options.host, port: options.port), serverName: serverName,
            availableConnectionsDelegate: MaximumAvailableConnections(options.limits.connections)),
        onServerRunning: { channel in await onListening(channel.localAddress?.port ?? options.port) },
        logger: server.logger)
    application.addServices(RefreshService(server: server))
    if options.replay || options.simulate {
        application.addServices(try DemonstrationService(server: server))
    }
    return application
}

/// Plans the 3D models at the start. Once a second: sees what another process changed in the store, and lets silent terminals expire.
struct RefreshService: Service {
    let server: CityServer

    func run() async throws {
        if !server.city.project.models.isEmpty { ModelRoutes.planModels(server) }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await Task.sleep(for: .seconds(1))
                    try await server.workers.run {
                        try server.city.refresh()
                        server.live.index.expire(now: CityServer.now())
                        for problem in server.archives.refresh(server.city) { server.logger.warning("\(problem)") }
                    }
                } catch is CancellationError {
                    return
                } catch {
                    server.logger.warning("the store could not be refreshed", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}

/// Twice a second: plays recorded traces and, if asked, made-up values. All of it is marked `simulated`.
struct DemonstrationService: Service {
    private let server: CityServer
    private let replay: LiveReplay?

    init(server: CityServer) throws {
        self.server = server
        guard server.options.replay else {
            replay = nil
            return
        }
        guard let path = server.city.project.live?.replay else {
            throw TwinError(.argument, "the city has no traces to replay; set `live.replay` in city.yaml to a CSV file")
        }
        replay = try LiveReplay(path: path)
    }

    func run() async throws {
        let index = server.live.index
        let start = CityServer.now()
        try await cancelWhenGracefulShutdown {
            var round = 0
            while !Task.isCancelled {
                let now = CityServer.now()
                let simulates = server.options.simulate && round.isMultiple(of: 4)
                do {
                    try await server.workers.run {
                        if let replay { index.applyDirectly(replay.observations(elapsed: now - start, now: now)) }
                        if simulates { index.applyDirectly(LiveSimulator().observations(index.snapshot(), now: now)) }
                    }
                    try await Task.sleep(for: .milliseconds(500))
                } catch is CancellationError {
                    return
                } catch let problem as Problem {
                    server.logger.debug("replay skipped a step", metadata: ["reason": "\(problem.detail)"])
                    try await Task.sleep(for: .milliseconds(500))
                }
                round += 1
            }
        }
    }
}
