//! The administrator's token: who has it may do everything that the management API offers.
//!
//! Only its SHA-256 is kept. A guess is compared by digest and in constant time, so that neither its length nor its
//! first characters show in how long the answer takes.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use crypto::Sha256;
use subtle::ConstantTimeEq as _;

use crate::ServeError;
use crate::problem::{Code, Problem};

/// The shortest token that is accepted, in characters.
const LENGTH_MIN: usize = 16;

/// A token. `Debug` does not print it, and nobody can read it back.
#[derive(Clone)]
pub struct Token {
    digest: Sha256,
}

impl Token {
    /// The token of the given text; white space around it does not count, so that a file with a line end works.
    ///
    /// # Errors
    /// [`ServeError::WeakToken`] where it is too short to be one.
    pub fn new(text: &str) -> Result<Token, ServeError> {
        let text = text.trim();
        let length = text.chars().count();
        if length < LENGTH_MIN {
            return Err(ServeError::WeakToken { length, least: LENGTH_MIN });
        }
        Ok(Token { digest: Sha256::of(text.as_bytes()) })
    }

    /// Whether the text is this token.
    pub fn is(&self, guess: &str) -> bool {
        let guess = Sha256::of(guess.as_bytes());
        self.digest.as_bytes().ct_eq(guess.as_bytes()).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(redacted)")
    }
}

/// Lets a request through that bears the token, and refuses every other.
pub(crate) async fn require(State(token): State<Token>, request: Request, next: Next) -> Response {
    match check(&token, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(token: &Token, headers: &HeaderMap) -> Result<(), Problem> {
    let refused = |detail: &str| Err(Problem::new(Code::Unauthorised, detail));
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return refused("send `Authorization: Bearer <token>`; the token stands in the node's `admin.token`");
    };
    let guess = value.to_str().ok().and_then(bearer);
    match guess {
        Some(guess) if token.is(guess) => Ok(()),
        Some(_) => refused("this is not the node's token; it stands in the node's `admin.token`"),
        None => refused("`Authorization` is no bearer token: expected `Bearer <token>`"),
    }
}

/// The credentials of `Bearer <token>`; the scheme is read without case (RFC 9110, 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, credentials) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| credentials.trim())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TEXT: &str = "7f3a9c0e5b1d48f2";

    fn with(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn only_the_token_is_the_token() {
        let token = Token::new(&format!("{TEXT}\n")).unwrap();
        assert!(token.is(TEXT));
        for guess in ["", "7f3a9c0e5b1d48f", "7f3a9c0e5b1d48f3", "7f3a9c0e5b1d48f2 ", "7F3A9C0E5B1D48F2"] {
            assert!(!token.is(guess), "{guess}");
        }
    }

    #[test]
    fn a_token_cannot_be_printed() {
        assert_eq!(format!("{:?}", Token::new(TEXT).unwrap()), "Token(redacted)");
    }

    #[test]
    fn a_short_token_is_refused() {
        let error = Token::new("  short \n").unwrap_err();
        assert!(
            error.to_string().starts_with("the administrator's token is too short: its length is 5"),
            "{error}"
        );
    }

    #[test]
    fn the_scheme_is_read_without_case_and_no_other_scheme_is_taken() {
        let token = Token::new(TEXT).unwrap();
        for value in [format!("Bearer {TEXT}"), format!("bearer {TEXT}"), format!("BEARER  {TEXT}")] {
            assert!(check(&token, &with(&value)).is_ok(), "{value}");
        }
        for value in [TEXT.to_owned(), format!("Basic {TEXT}"), format!("Bearer{TEXT}"), "Bearer ".to_owned()]
        {
            assert_eq!(check(&token, &with(&value)).unwrap_err().code(), Code::Unauthorised, "{value}");
        }
        assert_eq!(check(&token, &HeaderMap::new()).unwrap_err().code(), Code::Unauthorised);
    }
}
