//! One file on its way through the network, with what each step learnt of it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::demo::titles::Named;

/// One file on its way through the network. What a step has not reached yet is empty.
#[derive(Debug)]
pub(super) struct Item {
    /// The file.
    pub path: PathBuf,
    /// What the demo calls it.
    pub named: Named,
    /// The credit code of its provider.
    pub subject: String,
    /// Its provider's connector.
    pub connector: String,
    /// The name under which its provider is registered.
    pub provider: String,
    /// The resource, as the provider's host gave it.
    pub resource: Value,
    /// The product's identifier.
    pub product: String,
    /// The contract's identifier.
    pub contract: String,
    /// Where the user's copy stands.
    pub copy: PathBuf,
    /// Where the receipt stands.
    pub receipt: PathBuf,
}

impl Item {
    pub(super) fn new(path: &Path, named: Named, subject: String) -> Item {
        Item {
            path: path.to_owned(),
            named,
            subject,
            connector: String::new(),
            provider: String::new(),
            resource: Value::Null,
            product: String::new(),
            contract: String::new(),
            copy: PathBuf::new(),
            receipt: PathBuf::new(),
        }
    }

    /// The file's name.
    pub(super) fn file(&self) -> String {
        crate::files::name_of(&self.path)
    }

    /// What the catalogue says of the file.
    pub(super) fn profile(&self) -> &Value {
        crate::demo::look::at(&self.resource, "profile")
    }
}
