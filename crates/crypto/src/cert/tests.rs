//! Tests of certificates, chains and requests.
