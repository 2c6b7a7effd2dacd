//! Catalogue.
pub mod listing;
pub mod product;
pub mod resource;
pub mod search;
