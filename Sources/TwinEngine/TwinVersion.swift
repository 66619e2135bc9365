// SPDX-License-Identifier: Apache-2.0

/// The version of this software, as `twin --version` and the API say it.
public enum TwinVersion {
    public static let current = "0.1.0"
}
