//! What a contract's delivery consists of: the catalogued file, or the projection of it that the contract's fields allow.
//!
//! The file is compared with the catalogue before anything is counted. Where it lies is private: what others are told names the product.

use std::collections::BTreeSet;
use std::path::Path;

use dataplane::project::Projected;
use dataplane::source::Source;
use dataplane::{ByteStream, DataError, FileStamp};
use domain::catalogue::{Profile, Resource};
use domain::delivery::Delivered;
use store::ResourceRow;

use crate::contract::GateContract;
use crate::member::Speaker;
use crate::{Error, Node};

/// A delivery's content, found to be what the catalogue says.
#[derive(Debug)]
pub(super) struct Content {
    source: Source,
    profile: Profile,
    projection: Option<(BTreeSet<String>, Projected)>,
}

impl Content {
    /// Finds the content of a contract and compares it with the catalogue. The first time that fields are asked for, the projection is
    /// measured, which reads the file once.
    pub(super) async fn find(
        node: &Node,
        provider: &Speaker,
        contract: &GateContract,
    ) -> Result<Content, Error> {
        let row = resource_row(node, provider.id().as_str(), contract.product.as_str()).await?;
        let resource: Resource = row.body.get()?;
        check_published(node, contract.product.as_str(), &resource.profile).await?;
        let told = |error: DataError| told(contract.product.as_str(), error);
        let source = open_source(node, row, &resource.profile).await?.map_err(told)?;
        let projection = match &contract.terms.fields {
            Some(fields) => Some((
                fields.clone(),
                measured(node, &source, &resource.profile, fields).await.map_err(told)?,
            )),
            None => None,
        };
        Ok(Content { source, profile: resource.profile, projection })
    }

    /// The whole delivery.
    pub(super) fn whole(&self) -> Delivered {
        match &self.projection {
            Some((_, Projected { rows, bytes, sha256 })) => {
                Delivered { bytes: *bytes, rows: *rows, digest: *sha256 }
            }
            None => {
                Delivered { bytes: self.profile.bytes, rows: self.profile.rows, digest: self.profile.sha256 }
            }
        }
    }

    /// Media type of the bytes.
    pub(super) const fn media_type(&self) -> &'static str {
        self.profile.format.media_type()
    }

    /// The bytes from `offset`.
    pub(super) fn stream(&self, offset: u64) -> Result<ByteStream, Error> {
        Ok(match &self.projection {
            Some((fields, projected)) => self.source.project_csv(&self.profile, fields, projected, offset)?,
            None => self.source.stream_file(offset)?,
        })
    }
}

/// The resource of a product, with the private place of its data.
async fn resource_row(node: &Node, tenant: &str, product: &str) -> Result<ResourceRow, Error> {
    let (tenant, product) = (tenant.to_owned(), product.to_owned());
    node.store()
        .read("delivery_resource", move |read| {
            let (tenant, product) = (tenant.clone(), product.clone());
            Box::pin(async move {
                let missing = || Error::not_found("product", &product);
                let row = read.find_product(&tenant, &product).await?.ok_or_else(missing)?;
                let missing = || Error::not_found("resource", &row.resource);
                read.find_resource(&tenant, &row.resource).await?.ok_or_else(missing)
            })
        })
        .await
}

/// A resource that was profiled anew since its product was published is not what others were told: refused before it is counted.
async fn check_published(node: &Node, product: &str, profile: &Profile) -> Result<(), Error> {
    match crate::catalogue::shelf::find_product(node, product).await? {
        Some(published) if published.digest != profile.sha256 => {
            tracing::warn!(
                product.id = product,
                "the resource was profiled anew since its product was published"
            );
            Err(Error::SourceChanged(product.to_owned()))
        }
        _ => Ok(()),
    }
}

/// Opens the file. Where it was touched without being changed, its new stamp is kept, so that it is not digested every time.
async fn open_source(
    node: &Node,
    row: ResourceRow,
    profile: &Profile,
) -> Result<Result<Source, DataError>, Error> {
    let lacking = || Error::Corrupt(format!("resource `{}` has no source", row.key));
    let path = row.source.clone().ok_or_else(lacking)?;
    let stamp: FileStamp = serde_json::from_str(row.stamp.as_deref().ok_or_else(lacking)?)
        .map_err(|error| Error::Corrupt(format!("stamp of resource `{}`: {error}", row.key)))?;
    let source = Source::open(Path::new(&path), &stamp, &profile.sha256).await;
    if let Ok(source) = &source
        && source.stamp() != stamp
    {
        keep_stamp(node, row, source.stamp()).await?;
    }
    Ok(source)
}

async fn keep_stamp(node: &Node, seen: ResourceRow, stamp: FileStamp) -> Result<(), Error> {
    let stamp = serde_json::to_string(&stamp).map_err(|error| Error::Corrupt(error.to_string()))?;
    node.store()
        .run_tx("resource_stamp", move |tx| {
            let (seen, stamp) = (seen.clone(), stamp.clone());
            Box::pin(async move {
                match tx.get_resource(&seen.tenant, &seen.key).await? {
                    Some(row) if row == seen => {
                        Ok::<_, Error>(tx.put_resource(&ResourceRow { stamp: Some(stamp), ..row }).await?)
                    }
                    _ => Ok(()),
                }
            })
        })
        .await
}

async fn measured(
    node: &Node,
    source: &Source,
    profile: &Profile,
    fields: &BTreeSet<String>,
) -> Result<Projected, DataError> {
    let place = node.meters().projection(profile.sha256, fields);
    place.get_or_try_init(|| source.project_digest(profile, fields)).await.copied()
}

/// What the other side is told of a source that cannot be delivered; the log says where it lies.
pub(super) fn told(product: &str, error: DataError) -> Error {
    tracing::warn!(product.id = product, %error, "a source cannot be delivered");
    Error::SourceChanged(product.to_owned())
}
