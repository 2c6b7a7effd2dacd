//! Who holds a port of this machine. Linux tells in `/proc`; elsewhere only that somebody does.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

/// What a listening address is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Port {
    /// Nobody listens there, and we could.
    Free,
    /// Somebody listens there.
    Taken {
        /// Name and number of the process, where the system tells.
        by: Option<String>,
    },
    /// We cannot listen there, for another reason.
    Unusable {
        /// What the system says.
        reason: String,
    },
}

/// Tries to listen at `address`, and lets go at once.
pub(crate) fn look(address: SocketAddr) -> Port {
    match TcpListener::bind(address) {
        Ok(_) => Port::Free,
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Port::Taken { by: holder(Path::new("/proc"), address.port()) }
        }
        Err(error) => Port::Unusable { reason: error.to_string() },
    }
}

fn holder(proc: &Path, port: u16) -> Option<String> {
    let tables =
        ["net/tcp", "net/tcp6"].map(|table| std::fs::read_to_string(proc.join(table)).unwrap_or_default());
    let inode = tables.iter().find_map(|table| listening_inode(table, port))?;
    let target = format!("socket:[{inode}]");
    let entries = std::fs::read_dir(proc).ok()?.flatten().map(|entry| entry.path());
    let mut processes = entries.filter(|path| number_of(path).is_some());
    processes.find(|process| holds(process, &target)).and_then(|process| name_of(&process))
}

/// The inode of the socket that listens on `port`, from a table of `/proc/net/tcp`.
fn listening_inode(table: &str, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    let ending = format!(":{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [local, state, inode] = [1, 3, 9].map(|at| columns.get(at).copied().unwrap_or_default());
        (local.ends_with(&ending) && state == LISTEN).then(|| inode.to_owned())
    })
}

fn holds(process: &Path, target: &str) -> bool {
    let Ok(files) = std::fs::read_dir(process.join("fd")) else { return false };
    files.flatten().any(|file| std::fs::read_link(file.path()).is_ok_and(|link| link.as_os_str() == target))
}

fn number_of(process: &Path) -> Option<u32> {
    process.file_name()?.to_str()?.parse().ok()
}

fn name_of(process: &Path) -> Option<String> {
    let name = std::fs::read_to_string(process.join("comm")).ok()?;
    let number = number_of(process)?;
    Some(format!("{} ({number})", name.trim()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;

    #[test]
    fn a_port_that_we_hold_is_taken_by_us() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let Port::Taken { by } = look(held.local_addr().unwrap()) else { panic!("not taken") };
        if cfg!(target_os = "linux") {
            let by = by.unwrap();
            assert!(by.ends_with(&format!("({})", std::process::id())), "{by}");
        }
    }

    #[test]
    fn a_port_that_was_let_go_is_free() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = held.local_addr().unwrap();
        drop(held);
        assert_eq!(look(address), Port::Free);
        // Looking does not keep it.
        assert_eq!(look(address), Port::Free);
    }

    #[test]
    fn an_address_of_another_machine_cannot_be_used() {
        assert!(matches!(look("192.0.2.1:1".parse().unwrap()), Port::Unusable { .. }));
    }

    #[test]
    fn the_table_gives_the_listening_socket_not_a_connection() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:46A0 0100007F:9999 01 0:0 00:0 0 0 0 11111 1\n\
             1: 0100007F:46A0 00000000:0000 0A 0:0 00:0 0 0 0 22222 1\n";
        assert_eq!(listening_inode(table, 0x46A0).as_deref(), Some("22222"));
        assert_eq!(listening_inode(table, 0x9999), None);
        assert_eq!(listening_inode("", 1), None);
    }
}
