// SPDX-License-Identifier: Apache-2.0
public import Logging

/// The one place that decides who may read or write what.
///
/// Every route asks it before it touches a layer or the live index. A denial and every write go to the audit log (a
/// logger with the label `audit`). Immutable, so any thread may ask.
public struct Access: Sendable {
    public enum Action: String, Sendable {
        case read, write
    }

    public enum Subject: Sendable {
        case layer(LayerDefinition)
        /// The live terminals, at the classification of the ledger layer that lists them.
        case live(Classification)
        /// An archive of tiles, by its name.
        case tileset(String, Classification)

        var label: String {
            switch self {
            case .layer(let layer): "layer \(layer.id)"
            case .live: "live"
            case .tileset(let name, _): "tileset \(name)"
            }
        }

        var classification: Classification {
            switch self {
            case .layer(let layer): layer.classification
            case .live(let classification), .tileset(_, let classification): classification
            }
        }
    }

    public enum Decision: Sendable, Hashable {
        /// Go on, and leave these fields out of the answer.
        case allow(maskedFields: Set<String>)
        /// Stop; the reason is meant for the caller.
        case deny(reason: String)

        public var isAllowed: Bool {
            if case .allow = self { true } else { false }
        }
    }

    /// Hides fields of a layer from principals below a classification.
    struct Mask: Sendable, Hashable {
        var layer: String
        var fields: Set<String>
        var below: Classification
    }

    struct Token: Sendable {
        var digest: [UInt8]
        var principal: Principal
    }

    /// False where no access file was given: then anybody on this network may post observations.
    public let isConfigured: Bool
    let tokens: [Token]
    let masks: [Mask]
    private let audit: Logger

    init(isConfigured: Bool, tokens: [Token], masks: [Mask], audit: Logger) {
        self.isConfigured = isConfigured
        self.tokens = tokens
        self.masks = masks
        self.audit = audit
    }

    /// No tokens: public layers are open, everything else is closed, observations may be posted by anybody.
    public static func open(audit: Logger = Logger(label: "audit")) -> Access {
        Access(isConfigured: false, tokens: [], masks: [], audit: audit)
    }

    /// The principal that holds a token, or nil if no token matches.
    ///
    /// Compares the SHA-256 of the token with every stored digest in constant time, so the answer's delay tells nothing
    /// about how much of a digest matched or which entry it was. O(tokens).
    public func principal(token: String) -> Principal? {
        let digest = SHA256.digest(Array(token.utf8))
        var found: Principal?
        for candidate in tokens where constantTimeEqual(candidate.digest, digest) {
            found = candidate.principal
        }
        if found == nil {
            audit.warning("unknown token", metadata: ["tokens": "\(tokens.count)"])
        }
        return found
    }

    /// Decides one access, and writes denials and writes to the audit log.
    public func decide(_ principal: Principal, _ action: Action, _ subject: Subject) -> Decision {
        let decision = evaluate(principal, action, subject)
        switch decision {
        case .deny(let reason):
            audit.notice("denied", metadata: metadata(principal, action, subject, ["reason": "\(reason)"]))
        case .allow where action == .write:
            audit.info("written", metadata: metadata(principal, action, subject, [:]))
        case .allow:
            break
        }
        return decision
    }

    /// Whether the principal may read the subject, without an audit record: for lists that show what one may see.
    public func canRead(_ principal: Principal, _ subject: Subject) -> Bool {
        evaluate(principal, .read, subject).isAllowed
    }

    private func evaluate(_ principal: Principal, _ action: Action, _ subject: Subject) -> Decision {
        guard subject.classification <= principal.clearance else {
            let needed = subject.classification.rawValue
            return .deny(
                reason: principal.isAnonymous
                    ? "\(subject.label) is classified \(needed); send a token in `Authorization: Bearer TOKEN`"
                    : "\(subject.label) is classified \(needed), above your clearance \(principal.clearance.rawValue)")
        }
        if action == .write, let reason = refusedWrite(principal, subject) { return .deny(reason: reason) }
        guard case .layer(let layer) = subject else { return .allow(maskedFields: []) }
        var masked: Set<String> = []
        for mask in masks where mask.layer == layer.id && principal.clearance < mask.below {
            masked.formUnion(mask.fields)
        }
        return .allow(maskedFields: masked)
    }

    private func refusedWrite(_ principal: Principal, _ subject: Subject) -> String? {
        switch subject {
        case .live:
            if !isConfigured || principal.role != .reader { return nil }
            return "posting observations needs a token with the role sensor, editor or admin"
        case .tileset: return "archives of tiles are only read"
        case .layer(let layer):
            switch principal.role {
            case .admin: return nil
            case .editor where principal.department == layer.department: return nil
            case .editor: return "layer \(layer.id) belongs to \(layer.department), not to your department"
            case .reader, .sensor: return "editing layer \(layer.id) needs a token with the role editor or admin"
            }
        }
    }

    private func metadata(
        _ principal: Principal, _ action: Action, _ subject: Subject, _ more: Logger.Metadata
    ) -> Logger.Metadata {
        var metadata = more
        metadata["principal"] = "\(principal.name ?? "anonymous")"
        metadata["action"] = "\(action.rawValue)"
        metadata["subject"] = "\(subject.label)"
        return metadata
    }
}
