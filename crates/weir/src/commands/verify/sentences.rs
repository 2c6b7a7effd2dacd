//! The steps of a verification in the reader's language.

use ledger::receipt::{Detail, Fault, StepKind, StepResult};

use super::data::{DataFile, Found};
use crate::commands::Context;
use crate::commands::view::{head, moment};
use crate::i18n::Arg;
use crate::term::size;

/// What the data file beside a receipt turned out to be.
pub(super) fn data_sentence(context: &Context, data: &DataFile) -> String {
    let file = ("file", data.name().into());
    match &data.found {
        Found::Same { bytes } => context.msg("verify-data-same", &[file, ("bytes", size(*bytes).into())]),
        Found::Missing => context.msg("verify-data-missing", &[file]),
        Found::Unproven => context.msg("verify-data-unproven", &[file]),
        Found::OtherLength { bytes, expected } => context.msg(
            "verify-data-other-length",
            &[file, ("bytes", (*bytes).into()), ("expected", (*expected).into())],
        ),
        Found::OtherDigest { sha256, expected } => context.msg(
            "verify-data-other-digest",
            &[file, ("digest", head(sha256).into()), ("expected", head(expected).into())],
        ),
        Found::Unreadable { reason } => {
            context.msg("verify-data-unreadable", &[file, ("reason", reason.into())])
        }
    }
}

/// What a step is about, in one word.
pub(super) fn part_key(step: StepKind) -> &'static str {
    match step {
        StepKind::Use => "verify-part-use",
        StepKind::Window => "verify-part-window",
        StepKind::Contract | StepKind::ProviderContract | StepKind::UserContract => "verify-part-contract",
        StepKind::ProviderSignature | StepKind::UserSignature => "verify-part-signature",
        StepKind::ProviderInclusion | StepKind::UserInclusion => "verify-part-log",
        StepKind::ProviderCheckpoint | StepKind::UserCheckpoint => "verify-part-checkpoint",
    }
}

pub(super) fn step_key(step: StepKind) -> &'static str {
    match step {
        StepKind::Use => "verify-step-use",
        StepKind::Window => "verify-step-window",
        StepKind::Contract => "verify-step-same-contract",
        StepKind::ProviderContract => "verify-step-provider-contract",
        StepKind::UserContract => "verify-step-user-contract",
        StepKind::ProviderSignature => "verify-step-provider",
        StepKind::UserSignature => "verify-step-user",
        StepKind::ProviderInclusion => "verify-step-provider-inclusion",
        StepKind::UserInclusion => "verify-step-user-inclusion",
        StepKind::ProviderCheckpoint => "verify-step-provider-checkpoint",
        StepKind::UserCheckpoint => "verify-step-user-checkpoint",
    }
}

/// The step's figures, or why it does not hold.
pub(super) fn detail(context: &Context, step: &StepResult) -> String {
    let msg = |key: &str, args: &[(&str, Arg<'_>)]| context.msg(key, args);
    match &step.detail {
        Detail::Use { use_id, sequence, bytes, rows, complete, closed_at, .. } => {
            let key = if *complete { "verify-figures-use" } else { "verify-figures-use-incomplete" };
            msg(
                key,
                &[
                    ("use", use_id.into()),
                    ("sequence", (*sequence).into()),
                    ("bytes", size(*bytes).into()),
                    ("rows", (*rows).into()),
                    ("at", moment(*closed_at).into()),
                ],
            )
        }
        Detail::Window { number, first, last, uses, bytes, rows, .. } => msg(
            "verify-figures-window",
            &[
                ("number", (*number).into()),
                ("first", (*first).into()),
                ("last", (*last).into()),
                ("uses", (*uses).into()),
                ("bytes", size(*bytes).into()),
                ("rows", (*rows).into()),
            ],
        ),
        Detail::Contract { contract_id, provider, user, .. } => msg(
            "verify-figures-contract",
            &[
                ("contract", contract_id.into()),
                ("provider", (&provider.subject).into()),
                ("user", (&user.subject).into()),
            ],
        ),
        Detail::Signature { signer, organisation, suite, at } => msg(
            "verify-figures-signature",
            &[
                ("organisation", organisation.into()),
                ("signer", signer.into()),
                ("suite", suite.as_str().into()),
                ("at", moment(*at).into()),
            ],
        ),
        Detail::Inclusion { origin, index, size } => msg(
            "verify-figures-inclusion",
            &[("origin", origin.into()), ("index", (*index).into()), ("size", (*size).into())],
        ),
        Detail::Checkpoint { origin, size, root, sm2 } => {
            let key = if *sm2 { "verify-figures-checkpoint-sm2" } else { "verify-figures-checkpoint" };
            msg(key, &[("origin", origin.into()), ("size", (*size).into()), ("root", head(root).into())])
        }
        Detail::Failed { fault } => fault_sentence(context, fault),
    }
}

pub(super) fn fault_sentence(context: &Context, fault: &Fault) -> String {
    let msg = |key: &str, args: &[(&str, Arg<'_>)]| context.msg(key, args);
    match fault {
        Fault::Differs { field, expected, actual } => msg(
            "verify-fault-differs",
            &[("field", (*field).into()), ("expected", expected.into()), ("actual", actual.into())],
        ),
        Fault::Unreadable { reason } => msg("verify-fault-unreadable", &[("reason", reason.into())]),
        Fault::NotIncluded { size } => msg("verify-fault-not-included", &[("size", (*size).into())]),
        Fault::Untrusted { reason } => msg("verify-fault-untrusted", &[("reason", reason.into())]),
        Fault::BadSignature { reason } => msg("verify-fault-signature", &[("reason", reason.into())]),
        Fault::NotLogged => msg("verify-fault-not-logged", &[]),
        Fault::Unsigned { origin } => msg("verify-fault-unsigned", &[("origin", origin.into())]),
        Fault::Forged { origin } => msg("verify-fault-forged", &[("origin", origin.into())]),
        Fault::FromFuture { signed, now } => msg(
            "verify-fault-future",
            &[
                ("signed", moment(signed.saturating_mul(1_000_000)).into()),
                ("now", moment(now.saturating_mul(1_000_000)).into()),
            ],
        ),
        Fault::NotChecked { because } => {
            msg("verify-fault-not-checked", &[("because", context.msg(step_key(*because), &[]).into())])
        }
    }
}
