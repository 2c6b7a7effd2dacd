//! Why a command line cannot be used, in the reader's language.

use std::net::AddrParseError;
use std::num::ParseIntError;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::i18n::{Lang, Messages, UnknownLang};
use crate::problem::Message;

/// Why a command line cannot be used; nothing where help or version was asked for.
pub(crate) fn refusal(error: &clap::Error, messages: &Messages) -> Option<Message> {
    if error.exit_code() == 0 {
        return None;
    }
    let comma = messages.msg("list-comma", &[]);
    Some(told(error, &comma).unwrap_or_else(|| {
        // What only clap has words for: its first line, without the label that stands before ours.
        let words = error.to_string();
        let first = words.lines().next().unwrap_or_default();
        Message::new("usage-other").with("reason", first.trim_start_matches("error: "))
    }))
}

fn told(error: &clap::Error, comma: &str) -> Option<Message> {
    let text = |kind| error.get(kind).map(|value| context_text(value, comma)).filter(|text| !text.is_empty());
    let (argument, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
    // Each of the nearest stands in backticks of its own: the sentence has the outer ones.
    let nearest = |kind| text(kind).map(|nearest| nearest.replace(comma, &format!("`{comma}`")));
    Some(match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let value = text(ContextKind::InvalidSubcommand)?;
            match nearest(ContextKind::SuggestedSubcommand) {
                Some(nearest) => Message::new("usage-command-near").with("nearest", nearest),
                None => Message::new("usage-command"),
            }
            .with("value", value)
        }
        ErrorKind::MissingSubcommand => Message::new("usage-subcommand")
            .with("command", text(ContextKind::InvalidSubcommand)?)
            .with("known", text(ContextKind::ValidSubcommand)?),
        ErrorKind::UnknownArgument => match nearest(ContextKind::SuggestedArg) {
            Some(nearest) => Message::new("usage-argument-near").with("nearest", nearest),
            None => Message::new("usage-argument"),
        }
        .with("value", argument?),
        ErrorKind::MissingRequiredArgument => Message::new("usage-missing").with("value", argument?),
        ErrorKind::InvalidValue if value.is_none() => {
            Message::new("usage-value-missing").with("argument", argument?)
        }
        ErrorKind::InvalidValue => match nearest(ContextKind::SuggestedValue) {
            Some(nearest) => Message::new("usage-value-near").with("nearest", nearest),
            None => Message::new("usage-value"),
        }
        .with("argument", argument?)
        .with("value", value?)
        .with("known", text(ContextKind::ValidValue)?),
        ErrorKind::ValueValidation => of_reason(std::error::Error::source(error)?, comma)
            .with("argument", argument?)
            .with("value", value?),
        ErrorKind::ArgumentConflict => Message::new("usage-conflict")
            .with("argument", argument?)
            .with("value", text(ContextKind::PriorArg)?),
        _ => return None,
    })
}

fn of_reason(reason: &(dyn std::error::Error + 'static), comma: &str) -> Message {
    if reason.is::<ParseIntError>() {
        return Message::new("usage-value-number");
    }
    if reason.is::<AddrParseError>() {
        return Message::new("usage-value-address");
    }
    if reason.is::<UnknownLang>() {
        return Message::new("usage-value").with("known", Lang::ALL.map(Lang::tag).join(comma));
    }
    Message::new("usage-value-reason").with("reason", reason)
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
