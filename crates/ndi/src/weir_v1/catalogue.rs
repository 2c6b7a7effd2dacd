//! Catalogue messages: docs/WIRE.md, 4. Registering mints identifiers; the same `localKey` from the same connector is the same
//! object and gets the same identifier.

use crypto::Sha256;
use domain::codes::DeliveryForm;
use domain::id::{AreaCode, NodeId, ProductId, ResourceId, SubjectCode};
use serde_json::Value;

use super::Status;
use super::public_log::{COLUMNS, Column, I18nText, KEYWORDS, Profile, TIME_RANGE};
use super::terms::TermsObject;
use crate::read::{Integer, Json, List, Text, nested, one_of, parsed};
use crate::{Error, IsoTime, Path, limits};

/// `msgcode`.
pub const RESOURCE_REGISTER_MSG: &str = "resourceRegister";
/// `msgcode`.
pub const PRODUCT_REGISTER_MSG: &str = "productRegister";
/// `msgcode`.
pub const PRODUCT_WITHDRAW_MSG: &str = "productWithdraw";
/// `msgcode`.
pub const PRODUCT_LIST_MSG: &str = "productList";
/// `msgcode`.
pub const PRODUCT_DELIST_MSG: &str = "productDelist";
/// `msgcode`.
pub const SEARCH_MSG: &str = "search";
/// `msgcode`.
pub const RESOLVE_MSG: &str = "resolve";

message! {
    /// Connector to region or industry: asks for a resource's identifier.
    pub struct ResourceRegister {
        /// The connector's own name for it.
        required local_key: String = "localKey" => Text(limits::LOCAL_KEY_CHARS);
        /// Connector that holds it: the sender.
        required connector: NodeId = "connector" => parsed::<NodeId>(limits::NODE_ID_CHARS);
        /// Organisation that owns it.
        required subject: SubjectCode = "subject" => parsed::<SubjectCode>(limits::SUBJECT_CHARS);
        /// Title.
        required title: I18nText = "title" => nested::<I18nText>();
        /// Description.
        optional description: I18nText = "description" => nested::<I18nText>();
        /// Keywords.
        many keywords: String = "keywords" => KEYWORDS;
        /// What the file itself says.
        required profile: Profile = "profile" => nested::<Profile>();
    }
}

message! {
    /// The resource's identifier.
    pub struct ResourceRegistered {
        /// Identifier.
        required resource_id: ResourceId = "resourceId" => parsed::<ResourceId>(limits::ID_CHARS);
    }
}

message! {
    /// Connector to region or industry: asks for a product's identifier.
    pub struct ProductRegister {
        /// The connector's own name for it.
        required local_key: String = "localKey" => Text(limits::LOCAL_KEY_CHARS);
        /// Resource that it is made from.
        required resource: ResourceId = "resource" => parsed::<ResourceId>(limits::ID_CHARS);
        /// Connector that delivers it: the sender.
        required connector: NodeId = "connector" => parsed::<NodeId>(limits::NODE_ID_CHARS);
        /// Organisation that offers it.
        required subject: SubjectCode = "subject" => parsed::<SubjectCode>(limits::SUBJECT_CHARS);
        /// Name of that organisation.
        required provider: String = "provider" => Text(limits::NAME_CHARS);
        /// Title.
        required title: I18nText = "title" => nested::<I18nText>();
        /// Description.
        optional description: I18nText = "description" => nested::<I18nText>();
        /// Keywords.
        many keywords: String = "keywords" => KEYWORDS;
        /// Industry: `00` and the division of GB/T 4754.
        optional industry: AreaCode = "industry" => parsed::<AreaCode>(4);
        /// Form of delivery, a code of NDI-TR-2025-06.
        required delivery: DeliveryForm = "delivery" => parsed::<DeliveryForm>(8);
        /// Columns in the delivery's order.
        many columns: Column = "columns" => COLUMNS;
        /// Rows of a whole delivery.
        required rows: u64 = "rows" => Integer;
        /// Bytes of a whole delivery.
        required bytes: u64 = "bytes" => Integer;
        /// First and last moment of the data.
        optional time_range: Vec<IsoTime> = "timeRange" => TIME_RANGE;
        /// SHA-256 of a whole delivery.
        required digest: Sha256 = "digest" => parsed::<Sha256>(64);
        /// Widest terms that the provider agrees to.
        required offer: TermsObject = "offer" => nested::<TermsObject>();
    }
}

message! {
    /// The product's identifier.
    pub struct ProductRegistered {
        /// Identifier.
        required product_id: ProductId = "productId" => parsed::<ProductId>(limits::ID_CHARS);
    }
}

message! {
    /// Connector to service node: lists a product.
    pub struct ProductList {
        /// Product.
        required product_id: ProductId = "productId" => parsed::<ProductId>(limits::ID_CHARS);
    }
}

message! {
    /// Connector to region or industry: takes a product back.
    pub struct ProductWithdraw {
        /// Product.
        required product_id: ProductId = "productId" => parsed::<ProductId>(limits::ID_CHARS);
        /// Why.
        required reason: String = "reason" => Text(limits::TEXT_CHARS);
    }
}

message! {
    /// Connector to service node: takes a product off it.
    pub struct ProductDelist {
        /// Product.
        required product_id: ProductId = "productId" => parsed::<ProductId>(limits::ID_CHARS);
        /// Why.
        required reason: String = "reason" => Text(limits::TEXT_CHARS);
    }
}

message! {
    /// Answer to [`ProductList`], [`ProductWithdraw`] and [`ProductDelist`].
    pub struct ProductStatus {
        /// State after the message.
        required status: Status = "status" => one_of::<Status>(16);
    }
}

message! {
    /// Connector or service node to function node: searches the catalogue.
    pub struct Search {
        /// Words in Chinese or English; absent for everything.
        optional text: String = "text" => Text(limits::SEARCH_TEXT_CHARS);
        /// Hits to pass over.
        required offset: u64 = "offset" => Integer;
        /// Most hits, up to [`limits::SEARCH_ITEMS`].
        required limit: u64 = "limit" => Integer;
    }
    check page_fits;
}

message! {
    /// A page of hits.
    pub struct SearchReply {
        /// Hits in all.
        required total: u64 = "total" => Integer;
        /// Bodies of products, each with `listings`: identifiers of the service nodes that list it.
        required items: Vec<Value> = "items" => List(Json, limits::SEARCH_ITEMS);
    }
}

message! {
    /// Asks where an identifier's object is (NDI-TR-2025-04, 6).
    pub struct Resolve {
        /// An identifier of a node, connector, resource, product or contract.
        required id: String = "id" => Text(limits::ID_CHARS);
    }
}

message! {
    /// Location and state of an object (标识解析结果).
    pub struct Resolved {
        /// The identifier asked for.
        required id: String = "id" => Text(limits::ID_CHARS);
        /// What it names, such as `connector`.
        required kind: String = "kind" => Text(32);
        /// Address of the node that answers for it.
        optional address: String = "address" => Text(limits::ADDRESS_CHARS);
        /// State.
        required status: Status = "status" => one_of::<Status>(16);
    }
}

fn page_fits(search: &Search, at: &Path<'_>) -> Result<(), Error> {
    let most = limits::SEARCH_ITEMS as u64;
    if (1..=most).contains(&search.limit) {
        return Ok(());
    }
    let (field, found) = (at.key("limit").to_string(), search.limit.to_string());
    Err(Error::Format { field, found, expected: format!("a number from 1 to {most}") })
}
