//! What a node is told when it starts: its role, name, address and limits. A process hosts many nodes, so all of it is a value.

use std::path::PathBuf;

use crypto::Suite;

/// What a node is for. One process may host several nodes of different roles (NDI-TR-2025-02, clause 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// 全域功能节点: root of trust, gathers every catalogue and passes them on.
    Global,
    /// 区域功能节点.
    Region,
    /// 行业功能节点.
    Industry,
    /// 业务节点: a trusted data space or an exchange; lists products and issues contract identifiers.
    Service,
    /// Hosts the connectors (接入连接器) of one or many organisations.
    Host,
}

impl Role {
    /// The word used in configuration, on the wire (`kind`) and in URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Global => "global",
            Role::Region => "region",
            Role::Industry => "industry",
            Role::Service => "service",
            Role::Host => "connector",
        }
    }

    /// The role of the word, or `None` where it is none of the five.
    pub fn parse(word: &str) -> Option<Role> {
        [Role::Global, Role::Region, Role::Industry, Role::Service, Role::Host]
            .into_iter()
            .find(|role| role.as_str() == word)
    }

    /// Whether the node keeps the unified catalogue, certifies others and relays logs (global, region, industry).
    pub fn is_function_node(self) -> bool {
        matches!(self, Role::Global | Role::Region | Role::Industry)
    }

    /// Whether the node publishes a public log (function and service nodes).
    pub fn publishes(self) -> bool {
        self != Role::Host
    }
}

/// Who a node is and where it lives.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// What the node is for.
    pub role: Role,
    /// The name that others see.
    pub name: String,
    /// The base address under which others reach the node, such as `https://node.example.cn:8443`, without a slash at its end.
    pub address: String,
    /// The suite of the keys that the node makes.
    pub suite: Suite,
    /// Where keys stand (`keys/`) and, on a connector host, partial downloads.
    pub folder: PathBuf,
    /// How much of anything the node takes.
    pub limits: Limits,
}

/// Every limit and period of a node, named in one place (ARCHITECTURE.md, invariants: no unbounded input). Durations are milliseconds.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How far a message's `timestamp` may stand from our clock.
    pub clock_skew_ms: i64,
    /// How long an enrolment code is good.
    pub enrolment_ms: i64,
    /// How long answers are kept for repeats.
    pub inbox_ms: i64,
    /// How long a use window stays open after its first closed use.
    pub window_ms: i64,
    /// At how many uses a window closes at once.
    pub window_uses_max: u32,
    /// After how many windows without a counter-signature new uses stop.
    pub unsigned_windows_max: u32,
    /// After how long without a request an open use closes as incomplete.
    pub use_idle_ms: i64,
    /// How often a held feed says that it is alive (TC609-6-2025-11: 5 seconds).
    pub heartbeat_ms: u64,
    /// How long a message is tried before it becomes a dead letter.
    pub send_age_max_ms: i64,
    /// The longest pause between two tries.
    pub send_backoff_max_ms: i64,
    /// How long dead letters are kept.
    pub dead_letters_ms: i64,
    /// How many dead letters are kept.
    pub dead_letters_max: u32,
    /// How many messages are under way at once.
    pub sends_in_flight_max: usize,
    /// How many leaves one checkpoint takes in.
    pub sequence_batch_max: u32,
    /// How many entries one feed frame carries; not fewer than one checkpoint takes in.
    pub feed_frame_entries_max: u32,
    /// The largest page of a list or a search.
    pub page_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            clock_skew_ms: 5 * 60 * 1000,
            enrolment_ms: 7 * 24 * 3600 * 1000,
            inbox_ms: 30 * 24 * 3600 * 1000,
            window_ms: 1000,
            window_uses_max: 4096,
            unsigned_windows_max: 60,
            use_idle_ms: 10 * 60 * 1000,
            heartbeat_ms: 5000,
            send_age_max_ms: 7 * 24 * 3600 * 1000,
            send_backoff_max_ms: 5 * 60 * 1000,
            dead_letters_ms: 30 * 24 * 3600 * 1000,
            dead_letters_max: 10_000,
            sends_in_flight_max: 64,
            sequence_batch_max: 256,
            feed_frame_entries_max: 256,
            page_max: 100,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_reads_its_own_word_back() {
        for role in [Role::Global, Role::Region, Role::Industry, Role::Service, Role::Host] {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("exchange"), None);
    }

    #[test]
    fn a_host_neither_publishes_nor_certifies() {
        assert!(!Role::Host.publishes());
        assert!(!Role::Host.is_function_node());
        assert!(Role::Service.publishes());
        assert!(!Role::Service.is_function_node());
    }
}
