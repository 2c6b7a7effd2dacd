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
        Some(key) => arg.help(messages.msg(&key, &[])),
        None => arg,
    }
}

/// The key of an argument's help: its command's own, or the one that all commands share.
pub(super) fn arg_key(id: &str, command: &str, messages: &Messages) -> Option<String> {
    let id = id.replace('_', "-");
    [format!("{command}--{id}"), format!("{SHARED}--{id}")].into_iter().find(|key| messages.has(key))
}
