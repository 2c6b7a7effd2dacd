//! Why a command line cannot be used, in the reader's language.

use std::num::ParseIntError;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::i18n::Messages;

/// Why a command line cannot be used, in the reader's language; nothing for what only clap has words for.
pub(crate) fn refusal(error: &clap::Error, messages: &Messages) -> Option<String> {
    let comma = messages.msg("list-comma", &[]);
    let text =
        |kind| error.get(kind).map(|value| context_text(value, &comma)).filter(|text| !text.is_empty());
    let (argument, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
    let near = |plain, with_near, kind, mut args: Vec<(&str, crate::i18n::Arg<'_>)>| match text(kind) {
        Some(nearest) => {
            // Each stands in backticks of its own: the sentence has the outer ones.
            args.push(("nearest", nearest.replace(&comma, &format!("`{comma}`")).into()));
            messages.msg(with_near, &args)
        }
        None => messages.msg(plain, &args),
    };
    Some(match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let args = vec![("value", text(ContextKind::InvalidSubcommand)?.into())];
            near("usage-command", "usage-command-near", ContextKind::SuggestedSubcommand, args)
        }
        ErrorKind::MissingSubcommand => {
            let known = text(ContextKind::ValidSubcommand)?;
            let args = [("command", text(ContextKind::InvalidSubcommand)?.into()), ("known", known.into())];
            messages.msg("usage-subcommand", &args)
        }
        ErrorKind::UnknownArgument => {
            let args = vec![("value", argument?.into())];
            near("usage-argument", "usage-argument-near", ContextKind::SuggestedArg, args)
        }
        ErrorKind::MissingRequiredArgument => messages.msg("usage-missing", &[("value", argument?.into())]),
        ErrorKind::InvalidValue => {
            let known = text(ContextKind::ValidValue)?;
            let args =
                vec![("argument", argument?.into()), ("value", value?.into()), ("known", known.into())];
            near("usage-value", "usage-value-near", ContextKind::SuggestedValue, args)
        }
        ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error)?;
            let key = if reason.is::<ParseIntError>() { "usage-value-number" } else { "usage-value-reason" };
            let reason = reason.to_string();
            let args = [("argument", argument?.into()), ("value", value?.into()), ("reason", reason.into())];
            messages.msg(key, &args)
        }
        ErrorKind::ArgumentConflict => {
            let args = [("argument", argument?.into()), ("value", text(ContextKind::PriorArg)?.into())];
            messages.msg("usage-conflict", &args)
        }
        _ => return None,
    })
}

fn context_text(value: &ContextValue, comma: &str) -> String {
    match value {
        ContextValue::Strings(texts) => texts.join(comma),
        ContextValue::StyledStrs(texts) => {
            texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(comma)
        }
        ContextValue::None => String::new(),
        other => other.to_string(),
    }
}
