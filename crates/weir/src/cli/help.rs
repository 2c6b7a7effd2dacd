//! The words of the help: each command's and argument's is a sentence of the catalogue, found by its place.

use clap::{Arg, ArgAction};

use crate::i18n::Messages;

/// The key below which the help of all commands stands.
pub(super) const TOP: &str = "help";
/// The key of what several commands share.
const SHARED: &str = "help-any";

/// Puts the catalogue's texts into `command` and everything below it. `key` is its own: `help-contract-propose`.
pub(super) fn localised(command: clap::Command, key: &str, messages: &Messages) -> clap::Command {
    let own = if key == TOP { "help-weir" } else { key };
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let mut command = command
        .subcommand_help_heading(messages.msg("help-heading-commands", &[]))
        .subcommand_value_name(messages.msg("help-heading-commands", &[]))
        .help_template(template(messages))
        .disable_help_flag(true)
        .arg(Arg::new("help").short('h').long("help").display_order(901).action(ArgAction::Help))
        .about(messages.msg(own, &[]))
        .after_help(messages.msg(&format!("{own}-more"), &[]));
    if key == TOP {
        let version =
            Arg::new("version").short('V').long("version").display_order(902).action(ArgAction::Version);
        command = command.disable_version_flag(true).arg(version);
    }
    command = command.mut_args(|arg| localised_arg(arg, key, messages));
    for name in names {
        let below = format!("{key}-{name}");
        command = command.mut_subcommand(name, |sub| localised(sub, &below, messages));
    }
    command
}

fn template(messages: &Messages) -> String {
    let usage = messages.msg("help-heading-usage", &[]);
    format!("{{about-with-newline}}\n{usage} {{usage}}\n\n{{all-args}}{{after-help}}")
}

fn localised_arg(arg: Arg, command: &str, messages: &Messages) -> Arg {
    let heading = if arg.is_positional() { "help-heading-arguments" } else { "help-heading-options" };
    let key = arg_key(arg.get_id().as_str(), command, messages);
    let arg = arg.help_heading(messages.msg(heading, &[]));
    match key {
        Some(key) => {
            let words = [
                Some(messages.msg(&key, &[])),
                values(&arg, messages),
                default(&arg, messages),
                env(&arg, messages),
            ];
            let help = words.into_iter().flatten().collect::<String>();
            let takes = arg.get_action().takes_values();
            arg.help(help).hide_possible_values(takes).hide_default_value(takes).hide_env(takes)
        }
        None => arg,
    }
}

/// The words that an argument takes, where it takes no others. clap would name them in English.
fn values(arg: &Arg, messages: &Messages) -> Option<String> {
    if !arg.get_action().takes_values() {
        return None;
    }
    let all: Vec<_> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let values = all.join(&messages.msg("list-comma", &[]));
    (!all.is_empty()).then(|| messages.msg("help-note-values", &[("values", values.into())]))
}

fn default(arg: &Arg, messages: &Messages) -> Option<String> {
    let value =
        arg.get_default_values().first().filter(|_| arg.get_action().takes_values())?.to_string_lossy();
    Some(messages.msg("help-note-default", &[("value", value.into_owned().into())]))
}

fn env(arg: &Arg, messages: &Messages) -> Option<String> {
    let name = arg.get_env()?.to_string_lossy().into_owned();
    Some(messages.msg("help-note-env", &[("name", name.into())]))
}

/// The key of an argument's help: its command's own, or the one that all commands share.
pub(super) fn arg_key(id: &str, command: &str, messages: &Messages) -> Option<String> {
    let id = id.replace('_', "-");
    [format!("{command}--{id}"), format!("{SHARED}--{id}")].into_iter().find(|key| messages.has(key))
}
