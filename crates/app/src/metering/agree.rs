//! One use of a window against the user's own record of it (docs/WIRE.md, 6).

use ledger::window::UseLeaf;
use store::ReceivedUseRow;

use crate::Error;
use crate::fetch::ReceivedBody;

/// How a use stands against our own meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// As we metered it.
    Agrees,
    /// We do not know yet: it has not ended here.
    Open,
}

/// What both sides know of a contract's uses before any of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// The columns that the contract restricts its uses to, sorted.
    pub fields: Option<Vec<String>>,
    /// Bytes of the whole product, where this node knows it and an incomplete use is to be held against it.
    pub catalogued: Option<u64>,
    /// How far both sides' clocks may stand apart, in microseconds.
    pub skew_micros: i64,
}

/// Holds the provider's record of a use against ours and against the contract. We record every use before we ask for it, so there is none that we do not know. An
/// incomplete use must not be whole here, and its bytes lie between what we recorded and what there was to send; how far an open use came
/// we do not record.
pub(super) fn compare(
    leaf: &UseLeaf,
    own: Option<&ReceivedUseRow>,
    known: &Known,
) -> Result<Compared, Error> {
    let differs = |what: String| Err(Error::Evidence(format!("use `{}`: {what}", leaf.use_id)));
    let Some(own) = own else { return differs("this side never asked for it".to_owned()) };
    if let Some(window) = own.in_window {
        return differs(format!("it stands in window {window} already"));
    }
    if leaf.fields != known.fields {
        return differs("the columns that it is restricted to are not those of the contract".to_owned());
    }
    if leaf.opened_at < own.opened_at.saturating_sub(known.skew_micros) {
        return differs("the window says that it began before this side asked for it".to_owned());
    }
    match (own.state.as_str(), leaf.complete) {
        (ReceivedUseRow::REFUSED, _) => differs("its provider refused it, so it does not count".to_owned()),
        (ReceivedUseRow::COMPLETE, false) => {
            differs("it arrived whole here, and the window says incomplete".to_owned())
        }
        (ReceivedUseRow::COMPLETE, true) => match leaf.agrees_with(&own_leaf(leaf, own)?) {
            Ok(()) => Ok(Compared::Agrees),
            Err(error) => differs(error.to_string()),
        },
        (_, false) => match wrong_bytes(leaf.bytes, own, known.catalogued)? {
            None => Ok(Compared::Agrees),
            Some(what) => differs(what),
        },
        (ReceivedUseRow::OPEN, true) => Ok(Compared::Open),
        (ReceivedUseRow::MISMATCH, true) => {
            differs("what arrived here does not have the digest that was announced".to_owned())
        }
        (state, true) => differs(format!("it is `{state}` here, and the window says complete")),
    }
}

/// What is wrong with the bytes of a use that broke off. How many were on their way, only the provider can say: no more than it announced.
/// Where its announcement was lost too, no more than the whole product has, and none where that is not known here.
fn wrong_bytes(sent: u64, own: &ReceivedUseRow, catalogued: Option<u64>) -> Result<Option<String>, Error> {
    let announced = own.body.get::<ReceivedBody>()?.announced.map(|whole| whole.bytes);
    let (most, source) = match (announced, catalogued) {
        (Some(bytes), _) => (bytes, "were announced for it"),
        (None, Some(bytes)) => (bytes, "are in the catalogued product, and nothing was announced for it"),
        (None, None) => (0, "were announced for it"),
    };
    let but = |bytes: u64, what: &str| {
        Some(format!("the window says that {sent} bytes were sent; {bytes} bytes {what}"))
    };
    Ok(match own.bytes {
        _ if sent > most => but(most, source),
        arrived if arrived > sent => but(arrived, "arrived here"),
        _ => None,
    })
}

/// Our record in the provider's form. The place among closed uses is the provider's to count, and the window's to keep without gaps.
fn own_leaf(leaf: &UseLeaf, own: &ReceivedUseRow) -> Result<UseLeaf, Error> {
    let digest = own.digest.as_deref().map(str::parse).transpose();
    Ok(UseLeaf {
        use_id: own.use_id.clone(),
        contract_id: own.contract.clone(),
        sequence: leaf.sequence,
        opened_at: own.opened_at,
        closed_at: own.closed_at.unwrap_or(own.opened_at),
        bytes: own.bytes,
        rows: own.rows,
        digest: digest.map_err(|_| Error::Corrupt(format!("digest of received use `{}`", own.use_id)))?,
        complete: true,
        fields: leaf.fields.clone(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
pub(crate) mod tests {
    use crypto::Sha256;
    use domain::delivery::Delivered;
    use store::Body;

    use super::*;

    pub(crate) fn leaf(complete: bool) -> UseLeaf {
        UseLeaf {
            use_id: "u-1".into(),
            contract_id: "C".into(),
            sequence: 7,
            opened_at: 1,
            closed_at: 2,
            bytes: 10,
            rows: if complete { 3 } else { 0 },
            digest: complete.then(|| Sha256::of(b"data")),
            complete,
            fields: None,
        }
    }

    fn own(state: &str) -> ReceivedUseRow {
        ReceivedUseRow {
            tenant: "T".into(),
            contract: "C".into(),
            use_id: "u-1".into(),
            state: state.into(),
            sequence: Some(99),
            bytes: 10,
            rows: 3,
            digest: Some(Sha256::of(b"data").to_string()),
            opened_at: 5,
            closed_at: Some(6),
            in_window: None,
            body: Body::empty(),
        }
    }

    /// A use that broke off after so many bytes had arrived, with what was announced for it.
    fn broken(bytes: u64, announced: Option<u64>) -> ReceivedUseRow {
        let announced = announced.map(|bytes| Delivered { bytes, rows: 3, digest: Sha256::of(b"data") });
        let body = Body::of(&ReceivedBody { announced }).unwrap();
        ReceivedUseRow { bytes, rows: 0, digest: None, closed_at: None, body, ..own(ReceivedUseRow::OPEN) }
    }

    fn refusal(leaf: &UseLeaf, own: Option<&ReceivedUseRow>) -> String {
        refusal_of(leaf, own, None)
    }

    fn known(catalogued: Option<u64>) -> Known {
        Known { fields: None, catalogued, skew_micros: 4 }
    }

    fn refusal_of(leaf: &UseLeaf, own: Option<&ReceivedUseRow>, catalogued: Option<u64>) -> String {
        let error = compare(leaf, own, &known(catalogued)).unwrap_err();
        assert!(matches!(error, Error::Evidence(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains("`u-1`"), "{text}");
        text
    }

    #[test]
    fn a_complete_use_must_be_the_same_here_to_the_byte() {
        let whole = own(ReceivedUseRow::COMPLETE);
        assert_eq!(compare(&leaf(true), Some(&whole), &known(None)).unwrap(), Compared::Agrees);
        let different = [
            ReceivedUseRow { bytes: 11, ..own(ReceivedUseRow::COMPLETE) },
            ReceivedUseRow { rows: 4, ..own(ReceivedUseRow::COMPLETE) },
            ReceivedUseRow {
                digest: Some(Sha256::of(b"other").to_string()),
                ..own(ReceivedUseRow::COMPLETE)
            },
        ];
        for (row, field) in different.iter().zip(["bytes", "rows", "digest"]) {
            assert!(refusal(&leaf(true), Some(row)).contains(field));
        }
        assert!(refusal(&leaf(true), Some(&own(ReceivedUseRow::INCOMPLETE))).contains("incomplete"));
        assert!(refusal(&leaf(true), Some(&own(ReceivedUseRow::MISMATCH))).contains("digest"));
    }

    #[test]
    fn a_use_is_of_its_contracts_columns_and_not_older_than_its_question() {
        let whole = own(ReceivedUseRow::COMPLETE);
        let narrow = UseLeaf { fields: Some(vec!["a".into()]), ..leaf(true) };
        assert!(refusal(&narrow, Some(&whole)).contains("columns"));
        let known = Known { fields: narrow.fields.clone(), ..known(None) };
        assert_eq!(compare(&narrow, Some(&whole), &known).unwrap(), Compared::Agrees);
        assert!(compare(&leaf(true), Some(&whole), &known).is_err(), "the whole where columns were agreed");
        // Asked for at 5, and the clocks may be 4 apart.
        assert!(refusal(&UseLeaf { opened_at: 0, ..leaf(true) }, Some(&whole)).contains("before"));
    }

    #[test]
    fn a_use_that_is_open_here_is_neither_right_nor_wrong() {
        assert_eq!(
            compare(&leaf(true), Some(&own(ReceivedUseRow::OPEN)), &known(None)).unwrap(),
            Compared::Open
        );
    }

    #[test]
    fn an_incomplete_use_must_not_be_whole_here() {
        for state in [ReceivedUseRow::OPEN, ReceivedUseRow::INCOMPLETE, ReceivedUseRow::MISMATCH] {
            let own = ReceivedUseRow { state: state.into(), ..broken(0, Some(10)) };
            assert_eq!(compare(&leaf(false), Some(&own), &known(None)).unwrap(), Compared::Agrees, "{state}");
        }
        assert!(refusal(&leaf(false), Some(&own(ReceivedUseRow::COMPLETE))).contains("whole"));
    }

    #[test]
    fn an_incomplete_use_sent_no_more_than_there_was_and_no_less_than_came() {
        let sent = |bytes| UseLeaf { bytes, ..leaf(false) };
        let agrees = |bytes, own: &ReceivedUseRow, catalogued| {
            assert_eq!(
                compare(&sent(bytes), Some(own), &known(catalogued)).unwrap(),
                Compared::Agrees,
                "{own:?}"
            );
        };
        agrees(10, &broken(0, Some(10)), None);
        agrees(4, &broken(4, Some(10)), None);
        assert!(refusal(&sent(11), Some(&broken(0, Some(10)))).contains("10 bytes were announced"));
        assert!(refusal(&sent(3), Some(&broken(4, Some(10)))).contains("4 bytes arrived"));
        // What was announced counts, not what the catalogue has: a projection has figures of its own.
        assert!(refusal_of(&sent(11), Some(&broken(0, Some(10))), Some(20)).contains("announced"));
        agrees(0, &broken(0, None), None);
        agrees(20, &broken(0, None), Some(20));
        assert!(refusal(&sent(1), Some(&broken(0, None))).contains("0 bytes were announced"));
        assert!(refusal_of(&sent(21), Some(&broken(0, None)), Some(20)).contains("catalogued"));
    }

    #[test]
    fn a_use_that_was_never_asked_for_is_refused_whole_or_not() {
        for complete in [true, false] {
            assert!(refusal(&leaf(complete), None).contains("never asked"));
        }
    }

    #[test]
    fn a_use_counts_once_and_a_refused_one_never() {
        let windowed = ReceivedUseRow { in_window: Some(3), ..own(ReceivedUseRow::COMPLETE) };
        assert!(refusal(&leaf(true), Some(&windowed)).contains("window 3"));
        for complete in [true, false] {
            assert!(refusal(&leaf(complete), Some(&own(ReceivedUseRow::REFUSED))).contains("refused"));
        }
    }
}
