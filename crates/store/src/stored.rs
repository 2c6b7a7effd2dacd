//! The versions of the domain's types as bodies. Whoever changes a type's serde form raises its version here, adds the
//! upgrade from the one before, and a body of the old form to the test.

use domain::{
    catalogue::{Listing, Product, Resource},
    contract::Contract,
    delivery::Use,
    subject::Organisation,
};

use crate::body::Stored;

impl Stored for Organisation {
    const VERSION: u32 = 1;
}

impl Stored for Resource {
    const VERSION: u32 = 1;
}

impl Stored for Product {
    const VERSION: u32 = 1;
}

impl Stored for Listing {
    const VERSION: u32 = 1;
}

impl Stored for Contract {
    const VERSION: u32 = 1;
}

impl Stored for Use {
    const VERSION: u32 = 1;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use domain::{
        Timestamp,
        id::{AreaCode, ContractId, IdKind, NodeId, SubjectCode},
    };

    use super::*;
    use crate::body::Body;

    /// Bodies as version 1 wrote them.
    const USE_V1: &str = r#"{"v":1,"body":{"id":"u-1","contract":"CONTRACT","sequence":7,"fields":["PM2.5"],
        "openedAt":1700000000000000,"state":{"state":"open","bytesSent":5,"touchedAt":1700000000000001}}}"#;

    #[test]
    fn bodies_of_version_1_are_read_and_written_alike() {
        let body = Body::from_text(USE_V1.replace("CONTRACT", &contract_id()));
        let read: Use = body.get().unwrap();
        assert_eq!((read.sequence, read.opened_at.millis()), (7, 1_700_000_000_000));
        let written = Body::of(&read).unwrap();
        assert_eq!(json(&written), json(&body));
        assert_eq!(written.get::<Use>().unwrap(), read);
    }

    fn json(body: &Body) -> serde_json::Value {
        serde_json::from_str(body.as_str()).unwrap()
    }

    /// A well-formed contract id, minted with a fixed "random" part.
    fn contract_id() -> String {
        let subject = SubjectCode::parse("91110000600037341L").unwrap();
        let area = AreaCode::parse("1100").unwrap();
        let node = NodeId::mint(IdKind::ServiceNode, &subject, area, counter()).unwrap();
        ContractId::mint(&node, Timestamp::from_millis(1_700_000_000_000), counter()).unwrap().to_string()
    }

    fn counter() -> impl FnMut() -> u64 {
        let mut next = 0;
        move || {
            next += 1;
            next
        }
    }
}
