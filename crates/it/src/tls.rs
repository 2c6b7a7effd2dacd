//! Certificates for nodes that listen with TLS on loopback, and the files in which a configuration names them.

use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crypto::Suite;
use crypto::cert::{Authority, San, Subject, Validity, self_signed_ca};
use crypto::tls::{TlsIdentity, generate_key, issue_tls_leaf};

/// A certificate chain for 127.0.0.1, its key and its root, each in a file.
#[derive(Debug)]
pub struct TlsFiles {
    folder: PathBuf,
}

impl TlsFiles {
    /// Makes a root of its own and a certificate, in a new folder of that name.
    ///
    /// # Panics
    /// Where they cannot be made or written.
    pub fn make(parent: &Path, name: &str) -> TlsFiles {
        let files = TlsFiles { folder: parent.join(name) };
        std::fs::create_dir(&files.folder).unwrap();
        let now = crate::network::system_now().secs();
        let validity = Validity::days(now - 3600, 2).unwrap();
        let subject = |ou: &str| Subject { cn: "127.0.0.1".into(), ou: ou.into(), o: name.into() };
        let key = crypto::SigningKey::generate(Suite::Intl).unwrap();
        let root = self_signed_ca(&key, &subject("tls-root"), validity).unwrap();
        let authority = Authority::root(key, root.clone()).unwrap();
        let leaf = generate_key().unwrap();
        let sans = [San::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST))];
        let chain = issue_tls_leaf(&authority, &subject("tls"), leaf.public_key(), validity, &sans).unwrap();
        let identity = TlsIdentity::new(leaf, chain).unwrap();
        files.write("cert.pem", &identity.chain_pem());
        files.write("key.pem", &identity.key_pem().unwrap());
        // A node refuses to start on a key that others can read.
        let owner_only = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(files.folder.join("key.pem"), owner_only).unwrap();
        files.write("roots.pem", &root.to_pem());
        files
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).unwrap();
    }

    /// The root, in PEM.
    ///
    /// # Panics
    /// Where its file is gone.
    pub fn roots(&self) -> String {
        std::fs::read_to_string(self.roots_file()).unwrap()
    }

    /// Where the root stands.
    pub fn roots_file(&self) -> PathBuf {
        self.folder.join("roots.pem")
    }

    /// The table `[node.tls]` that names them.
    pub fn table(&self) -> String {
        let folder = self.folder.display();
        format!(
            "\n[node.tls]\ncert = \"{folder}/cert.pem\"\nkey = \"{folder}/key.pem\"\nroots = \"{folder}/roots.pem\"\n"
        )
    }
}
