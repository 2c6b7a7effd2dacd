//! Bodies of the public log: docs/WIRE.md, 3. A later body with the same type and key replaces the earlier.
//!
//! Who may publish which body (the identifier's area is the origin's, `serviceNode` is the origin) is the follower's check.

use crypto::Sha256;
use domain::codes::DeliveryForm;
use domain::id::{AreaCode, NodeId, ProductId, ResourceId, SubjectCode};
use serde_json::Value;

use super::join::CHAIN;
use super::terms::TermsObject;
use super::{Status, SuiteCode};
use crate::read::{Integer, Kind, List, Text, format_error, nested, one_of, parsed};
use crate::{Code, Error, IsoTime, Message, Path, limits};

codes! {
    /// The type of a body, which names its version too.
    pub enum BodyType {
        /// A node.
        Node = "weir.node/1",
        /// An organisation.
        Organisation = "weir.organisation/1",
        /// A connector.
        Connector = "weir.connector/1",
        /// A resource.
        Resource = "weir.resource/1",
        /// A product.
        Product = "weir.product/1",
        /// A product's listing on a service node.
        Listing = "weir.listing/1",
    }
}

codes! {
    /// Kind of a node.
    pub enum NodeKind {
        /// The global function node.
        Global = "global",
        /// A region function node.
        Region = "region",
        /// An industry function node.
        Industry = "industry",
        /// A service node.
        Service = "service",
    }
}

codes! {
    /// Kind of a column.
    pub enum ColumnKind {
        /// Whole numbers.
        Integer = "integer",
        /// Decimal numbers.
        Decimal = "decimal",
        /// Text.
        Text = "text",
        /// True or false.
        Boolean = "boolean",
        /// Days.
        Date = "date",
        /// Points in time.
        DateTime = "datetime",
    }
}

codes! {
    /// Format of a file.
    pub enum FileFormat {
        /// Separated text.
        Csv = "csv",
        /// Apache Parquet.
        Parquet = "parquet",
    }
}

/// A body of any type.
#[derive(Debug, Clone, PartialEq)]
pub enum PublicBody {
    /// `weir.node/1`.
    Node(NodeBody),
    /// `weir.organisation/1`.
    Organisation(OrganisationBody),
    /// `weir.connector/1`.
    Connector(ConnectorBody),
    /// `weir.resource/1`.
    Resource(ResourceBody),
    /// `weir.product/1`.
    Product(ProductBody),
    /// `weir.listing/1`.
    Listing(ListingBody),
}

message! {
    /// Text in two languages; one of them may be absent.
    pub struct I18nText {
        /// Chinese.
        optional zh: String = "zh" => Text(limits::TEXT_CHARS);
        /// English.
        optional en: String = "en" => Text(limits::TEXT_CHARS);
    }
    check one_language_at_least;
}

message! {
    /// A node and its keys.
    pub struct NodeBody {
        /// Always [`BodyType::Node`].
        required type_: BodyType = "type" => Typed(BodyType::Node);
        /// When it was published, epoch milliseconds.
        required at: u64 = "at" => Integer;
        /// Identifier: the key.
        required id: NodeId = "id" => parsed::<NodeId>(limits::NODE_ID_CHARS);
        /// Kind.
        required kind: NodeKind = "kind" => one_of::<NodeKind>(16);
        /// Subject that runs it.
        required subject: SubjectCode = "subject" => parsed::<SubjectCode>(limits::SUBJECT_CHARS);
        /// Name.
        required name: String = "name" => Text(limits::NAME_CHARS);
        /// Area.
        required area: AreaCode = "area" => parsed::<AreaCode>(4);
        /// Address.
        required address: String = "address" => Text(limits::ADDRESS_CHARS);
        /// Suite of its `sign` key.
        required suite: SuiteCode = "suite" => one_of::<SuiteCode>(4);
        /// Chain of its `sign` key: base64 DER, leaf first; empty for a root that signs itself.
        required sign_chain: Vec<String> = "signChain" => CHAIN;
        /// Verifier key of its public log.
        required log_vkey: String = "logVkey" => Text(limits::VKEY_CHARS);
        /// State.
        required status: Status = "status" => one_of::<Status>(16);
    }
}

message! {
    /// An organisation and its key.
    pub struct OrganisationBody {
        /// Always [`BodyType::Organisation`].
        required type_: BodyType = "type" => Typed(BodyType::Organisation);
        /// When it was published, epoch milliseconds.
        required at: u64 = "at" => Integer;
        /// Subject code: the key.
        required subject: SubjectCode = "subject" => parsed::<SubjectCode>(limits::SUBJECT_CHARS);
        /// Name.
        required name: String = "name" => Text(limits::NAME_CHARS);
        /// Area where it is registered.
        required area: AreaCode = "area" => parsed::<AreaCode>(4);
        /// Chain of its contract-signing key: base64 DER, leaf first, without the root.
        required chain: Vec<String> = "chain" => CHAIN;
        /// State.
        required status: Status = "status" => one_of::<Status>(16);
    }
}

message! {
    /// A connector and its key.
    pub struct ConnectorBody {
        /// Always [`BodyType::Connector`].
        required type_: BodyType = "type" => Typed(BodyType::Connector);
        /// When it was published, epoch milliseconds.
        required at: u64 = "at" => Integer;
        /// Identifier: the key.
        required id: NodeId = "id" => parsed::<NodeId>(limits::NODE_ID_CHARS);
        /// Organisation.
        required subject: SubjectCode = "subject" => parsed::<SubjectCode>(limits::SUBJECT_CHARS);
        /// Name.
        required name: String = "name" => Text(limits::NAME_CHARS);
        /// Area.
        required area: AreaCode = "area" => parsed::<AreaCode>(4);
        /// Address of its host.
        required address: String = "address" => Text(limits::ADDRESS_CHARS);
        /// Suite of its `sign` key.
        required suite: SuiteCode = "suite" => one_of::<SuiteCode>(4);
        /// Chain of its `sign` key: base64 DER, leaf first, without the root.
        required sign_chain: Vec<String> = "signChain" => CHAIN;
        /// State.
        required status: Status = "status" => one_of::<Status>(16);
    }
}

message! {
    /// A resource.
    pub struct ResourceBody {
        /// Always [`BodyType::Resource`].
        required type_: BodyType = "type" => Typed(BodyType::Resource);
        /// When it was published, epoch milliseconds.
        required at: u64 = "at" => Integer;
        /// Identifier: the key.
        required id: ResourceId = "id" => parsed::<ResourceId>(limits::ID_CHARS);
        /// Connector that holds it.
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
        /// State.
        required status: Status = "status" => one_of::<Status>(16);
    }
}

message! {
    /// What was read off a file when it was catalogued.
    pub struct Profile {
        /// Format.
        required format: FileFormat = "format" => one_of::<FileFormat>(16);
        /// Character encoding, such as `UTF-8` or `GBK`; absent for binary formats.
        optional encoding: String = "encoding" => Text(32);
        /// Column separator, one character; absent for binary formats.
        optional delimiter: String = "delimiter" => Text(1);
        /// Columns in the file's order.
        required columns: Vec<Column> = "columns" => COLUMNS;
        /// Rows, the header not counted.
        required rows: u64 = "rows" => Integer;
        /// Bytes of the file.
        required bytes: u64 = "bytes" => Integer;
        /// SHA-256 of the file.
        required digest: Sha256 = "digest" => parsed::<Sha256>(64);
        /// First and last moment of the data.
        optional time_range: Vec<IsoTime> = "timeRange" => TIME_RANGE;
        /// Cells without a value, of all columns.
        required nulls: u64 = "nulls" => Integer;
    }
}

message! {
    /// One column.
    pub struct Column {
        /// Name, as in the file.
        required name: String = "name" => Text(limits::COLUMN_CHARS);
        /// Kind of its values.
        required kind: ColumnKind = "kind" => one_of::<ColumnKind>(16);
        /// Cells without a value.
        required nulls: u64 = "nulls" => Integer;
        /// Smallest value, as text.
        optional min: String = "min" => Text(limits::CELL_CHARS);
        /// Largest value, as text.
        optional max: String = "max" => Text(limits::CELL_CHARS);
        /// Title in both languages, where one is known.
        optional title: I18nText = "title" => nested::<I18nText>();
    }
}

message! {
    /// A product.
    pub struct ProductBody {
        /// Always [`BodyType::Product`].
        required type_: BodyType = "type" => Typed(BodyType::Product);
        /// When it was published, epoch milliseconds.
        required at: u64 = "at" => Integer;
        /// Identifier: the key.
        required id: ProductId = "id" => parsed::<ProductId>(limits::ID_CHARS);
        /// Resource that it is made from.
        required resource: ResourceId = "resource" => parsed::<ResourceId>(limits::ID_CHARS);
        /// Connector that delivers it.
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
        /// State.
        required status: Status = "status" => one_of::<Status>(16);
    }
}

message! {
    /// A product on a service node.
    pub struct ListingBody {
        /// Always [`BodyType::Listing`].
        required type_: BodyType = "type" => Typed(BodyType::Listing);
        /// When it was published, epoch milliseconds.
        required at: u64 = "at" => Integer;
        /// Product: with `serviceNode` the key.
        required product: ProductId = "product" => parsed::<ProductId>(limits::ID_CHARS);
        /// Service node.
        required service_node: NodeId = "serviceNode" => parsed::<NodeId>(limits::NODE_ID_CHARS);
        /// State.
        required status: Status = "status" => one_of::<Status>(16);
    }
}

/// Keywords of a resource or product.
pub(super) const KEYWORDS: List<Text> = List(Text(limits::KEYWORD_CHARS), limits::KEYWORDS);
/// Columns of a profile or product.
pub(super) const COLUMNS: List<crate::read::Nested<Column>> = List(nested::<Column>(), limits::COLUMNS);
/// Exactly two times.
pub(super) const TIME_RANGE: TimePair = TimePair;

impl PublicBody {
    /// Reads a body by its `type`.
    ///
    /// # Errors
    /// [`Error::Format`] for a type that this version does not know, else the field at fault.
    pub fn read(value: &Value) -> Result<Self, Error> {
        Self::read_at(value, &Path::ROOT)
    }

    /// Reads a body that stands at `at`.
    ///
    /// # Errors
    /// As [`PublicBody::read`].
    pub fn read_at(value: &Value, at: &Path<'_>) -> Result<Self, Error> {
        let kind = value.get("type").unwrap_or(&Value::Null);
        Ok(match one_of::<BodyType>(32).read(kind, &at.key("type"))? {
            BodyType::Node => Self::Node(NodeBody::read_at(value, at)?),
            BodyType::Organisation => Self::Organisation(OrganisationBody::read_at(value, at)?),
            BodyType::Connector => Self::Connector(ConnectorBody::read_at(value, at)?),
            BodyType::Resource => Self::Resource(ResourceBody::read_at(value, at)?),
            BodyType::Product => Self::Product(ProductBody::read_at(value, at)?),
            BodyType::Listing => Self::Listing(ListingBody::read_at(value, at)?),
        })
    }

    /// The body to log and send.
    ///
    /// # Errors
    /// A field outside its limits.
    pub fn to_body(&self) -> Result<Value, Error> {
        match self {
            Self::Node(body) => body.to_body(),
            Self::Organisation(body) => body.to_body(),
            Self::Connector(body) => body.to_body(),
            Self::Resource(body) => body.to_body(),
            Self::Product(body) => body.to_body(),
            Self::Listing(body) => body.to_body(),
        }
    }

    /// Type and key: a later body with the same replaces the earlier.
    pub fn key(&self) -> (BodyType, String) {
        match self {
            Self::Node(body) => (BodyType::Node, body.id.to_string()),
            Self::Organisation(body) => (BodyType::Organisation, body.subject.to_string()),
            Self::Connector(body) => (BodyType::Connector, body.id.to_string()),
            Self::Resource(body) => (BodyType::Resource, body.id.to_string()),
            Self::Product(body) => (BodyType::Product, body.id.to_string()),
            Self::Listing(body) => (BodyType::Listing, format!("{} {}", body.product, body.service_node)),
        }
    }

    /// When it was published, epoch milliseconds.
    pub fn at(&self) -> u64 {
        match self {
            Self::Node(body) => body.at,
            Self::Organisation(body) => body.at,
            Self::Connector(body) => body.at,
            Self::Resource(body) => body.at,
            Self::Product(body) => body.at,
            Self::Listing(body) => body.at,
        }
    }

    /// State of what the body describes.
    pub fn status(&self) -> Status {
        match self {
            Self::Node(body) => body.status,
            Self::Organisation(body) => body.status,
            Self::Connector(body) => body.status,
            Self::Resource(body) => body.status,
            Self::Product(body) => body.status,
            Self::Listing(body) => body.status,
        }
    }
}

fn one_language_at_least(text: &I18nText, at: &Path<'_>) -> Result<(), Error> {
    match (&text.zh, &text.en) {
        (None, None) => Err(Error::Empty { field: at.to_string() }),
        _ => Ok(()),
    }
}

/// The one type that a body of this shape has.
struct Typed(BodyType);

impl Kind for Typed {
    type Out = BodyType;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<BodyType, Error> {
        let found = one_of::<BodyType>(32).read(value, at)?;
        if found == self.0 { Ok(found) } else { Err(format_error(at, value, format!("`{}`", self.0.code()))) }
    }

    fn name(&self) -> &'static str {
        "code"
    }
}

/// Two times, the second not before the first.
pub(super) struct TimePair;

impl Kind for TimePair {
    type Out = Vec<IsoTime>;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<Vec<IsoTime>, Error> {
        let times = List(parsed::<IsoTime>(limits::TIME_CHARS), 2).read(value, at)?;
        match times.as_slice() {
            [first, last] if first <= last => Ok(times),
            _ => Err(format_error(at, value, "two times, the first not later than the second")),
        }
    }

    fn name(&self) -> &'static str {
        "list"
    }
}
