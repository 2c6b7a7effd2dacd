//! `weir token`: a new administrator's token for a node that has lost it. Nothing else of the node is touched.

use serde_json::json;

use crate::commands::Context;
use crate::exit::Exit;
use crate::private;
use crate::problem::{Failure, Result};

pub(super) fn run(context: &Context) -> Result<()> {
    let node = context.node()?;
    let path = node.token_file();
    match node.token() {
        Ok(_) => return Err(Failure::new(Exit::Refused, "token-there").with("path", path.display())),
        Err(failure) if failure.message.key == "token-unreadable" => return Err(failure),
        Err(_) => {}
    }
    let token = private::new_token()?;
    std::fs::create_dir_all(&node.folder)
        .and_then(|()| app::keys::write_private(&path, token.as_bytes()))
        .map_err(|error| Failure::unwritable(&path, error))?;
    let shown = path.display().to_string();
    let answer = json!({"node": node.name, "token": shown});
    context.result(&answer, || context.msg("token-written", &[("path", shown.as_str().into())]))?;
    if context.out.is_json() { Ok(()) } else { context.note(&context.msg("token-restart", &[])) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use crate::i18n::Lang;
    use crate::testing::{context_in, node};

    #[test]
    fn a_lost_or_empty_token_is_replaced_and_another_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let node = node(folder.path(), "127.0.0.1:1".parse().unwrap());
        let config = folder.path().join("weir.toml");
        let before = std::fs::read_to_string(&config).unwrap();
        let (context, captured) = context_in(Lang::En, &["--config", config.to_str().unwrap()]);
        let refused = run(&context).unwrap_err();
        assert_eq!((refused.exit, refused.message.key), (Exit::Refused, "token-there"));

        for lost in [true, false] {
            if lost {
                std::fs::remove_file(node.token_file()).unwrap();
            } else {
                std::fs::write(node.token_file(), "\n").unwrap();
            }
            let sentence = context.sentence(&node.token().unwrap_err().message);
            assert!(sentence.contains(" token` writes a new one"), "{sentence}");
            run(&context).unwrap();
            let token = node.token().unwrap();
            assert!(token.expose().len() >= 32 && token.expose() != "s3cret");
            assert!(!captured.out().contains(token.expose()), "the token is told to nobody");
            assert!(!private::is_open(&node.token_file()));
        }
        assert!(captured.out().contains("new token") && captured.err().contains("start it again"));
        assert_eq!(std::fs::read_to_string(&config).unwrap(), before);
    }
}
