//! What a management request brings, read so that whatever is wrong is said with the field's name.

use std::sync::Arc;

use app::member::Speaker;
use app::{Node, Part};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::body::{self, NotRead};
use crate::limits;
use crate::problem::{Code, Problem};
use crate::server::Edge;

/// The query parameter that names the acting connector.
const ACTING: &str = "as";

/// A JSON body.
pub(crate) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Edge> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Edge) -> Result<Self, Problem> {
        let bytes = body::read(request.into_body(), limits::MANAGE_BYTES_MAX).await.map_err(not_read)?;
        parse(&bytes).map(JsonBody)
    }
}

fn not_read(why: NotRead) -> Problem {
    match why {
        NotRead::TooLarge { limit, declared } => {
            let problem = Problem::new(Code::BodyTooLarge, why.to_string()).with("limit", limit);
            declared.map_or(problem.clone(), |bytes| problem.with("actual", bytes))
        }
        NotRead::Crowded | NotRead::Slow | NotRead::Broken => {
            Problem::new(Code::BodyIncomplete, why.to_string())
        }
    }
}

/// Reads JSON; an error of form names the field, one of syntax the place.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| refuse(&error))?;
    json.end().map_err(|error| Problem::new(Code::Unparsable, format!("the body is no JSON: {error}")))?;
    Ok(read)
}

fn refuse(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let text = error.inner().to_string();
    if !error.inner().is_data() {
        return Problem::new(Code::Unparsable, format!("the body is no JSON: {text}"));
    }
    let path = error.path().to_string();
    let path = if path == "." { String::new() } else { path };
    match missing(&text) {
        Some(name) if path.is_empty() => Problem::input(name, &text),
        Some(name) => Problem::input(&format!("{path}.{name}"), &text),
        None if path.is_empty() => Problem::new(Code::Unparsable, format!("the body cannot be used: {text}")),
        None => Problem::input(&path, &text),
    }
}

/// The name of a field that is not there, which the reader's path does not have.
fn missing(text: &str) -> Option<&str> {
    text.strip_prefix("missing field `")?.split('`').next()
}

/// The query: each parameter at most once, and none that the route does not know.
pub(crate) struct Parameters(Vec<(String, String)>);

impl FromRequestParts<Edge> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Problem> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, edge).await;
        let Query(all) = query.map_err(|error| Problem::input("query", error.body_text()))?;
        Ok(Parameters(all))
    }
}

impl Parameters {
    /// The same, where every parameter is one of `known` (or `as`) and stands once.
    pub fn only(self, known: &[&str]) -> Result<Parameters, Problem> {
        for (i, (name, _)) in self.0.iter().enumerate() {
            if name != ACTING && !known.contains(&name.as_str()) {
                let known = if known.is_empty() { "none".to_owned() } else { known.join("`, `") };
                return Err(Problem::input(name, format!("unknown parameter: expected `{known}`")));
            }
            if self.0.iter().take(i).any(|(earlier, _)| earlier == name) {
                return Err(Problem::input(name, "the parameter stands twice: give it once"));
            }
        }
        Ok(self)
    }

    /// A parameter's text; an empty one is as good as none.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A parameter that is a whole number.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse();
        number.map(Some).map_err(|_| Problem::input(name, format!("`{text}`: expected a whole number")))
    }
}

/// The connector that acts: the one of `?as=`, or the only one hosted here.
pub(crate) struct Acting(pub Arc<Speaker>);

impl FromRequestParts<Edge> for Acting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Problem> {
        let parameters = Parameters::from_request_parts(parts, edge).await?;
        Ok(Acting(edge.node.acting(parameters.text(ACTING))?))
    }
}

/// The variable segments of the path.
pub(crate) struct Segments<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Edge> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, edge).await;
        path.map(|Path(segments)| Segments(segments))
            .map_err(|error| Problem::input("path", error.body_text()))
    }
}

/// A page of a list in whatever order it is kept.
pub(crate) struct PageOf {
    /// How many entries are passed over.
    pub offset: u32,
    /// How many entries at most.
    pub limit: u32,
}

impl PageOf {
    /// The page that `offset` and `limit` ask for; a limit beyond the node's is cut to it.
    pub fn of(parameters: &Parameters, node: &Node) -> Result<PageOf, Problem> {
        let offset = parameters.number("offset")?.unwrap_or(0);
        let limit: u32 = parameters.number("limit")?.unwrap_or(limits::PAGE);
        if limit == 0 {
            return Err(Problem::input("limit", "`0`: ask for at least one"));
        }
        Ok(PageOf { offset, limit: limit.min(node.limits().page_max) })
    }
}

/// The query parameters of [`part`].
pub(crate) const PART: [&str; 3] = ["after", "offset", "limit"];

/// The part of a list in the order of keys that `after`, `offset` and `limit` ask for: from the beginning, and as much as the node
/// gives at once, where nothing is said.
pub(crate) fn part(parameters: &Parameters, node: &Node) -> Result<Part, Problem> {
    let most = node.limits().page_max;
    let offset = parameters.number("offset")?.unwrap_or(0);
    let limit = parameters.number("limit")?.unwrap_or(most).min(most);
    if limit == 0 {
        return Err(Problem::input("limit", "`0`: ask for at least one"));
    }
    let furthest = limits::LIST_OFFSET_MAX.saturating_sub(most);
    if offset > furthest {
        let detail = format!("`{offset}`: at most {furthest}; go on with `after=<the last key you have>`");
        return Err(Problem::input("offset", detail).with("limit", furthest));
    }
    Ok(Part { after: parameters.text("after").unwrap_or_default().to_owned(), offset, limit })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Outer {
        name: String,
        #[serde(default)]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Inner {
        count: u32,
    }

    fn refusal(text: &str) -> serde_json::Value {
        parse::<Outer>(text.as_bytes()).unwrap_err().to_json()
    }

    #[test]
    fn an_error_of_form_names_the_field_with_its_path() {
        for (text, field) in [
            ("{}", "name"),
            (r#"{"name": 1}"#, "name"),
            (r#"{"name": "a", "nmae": "b"}"#, "nmae"),
            (r#"{"name": "a", "inner": [{"count": 1}, {"count": -1}]}"#, "inner[1].count"),
            (r#"{"name": "a", "inner": [{}]}"#, "inner[0].count"),
        ] {
            let problem = refusal(text);
            assert_eq!(problem["code"], "input", "{text}");
            assert_eq!(problem["field"], field, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for text in ["", "{", "nonsense", r#"{"name": "a"} x"#, "\u{feff}{}", "{\"name\": \"\\ud800\"}"] {
            let problem = refusal(text);
            assert_eq!(problem["code"], "unparsable", "{text}");
            assert!(problem["detail"].as_str().unwrap().contains("line 1"), "{text}: {problem}");
        }
        assert_eq!(refusal("[]")["code"], "unparsable");
        assert!(parse::<Outer>(b"\xff\xfe").is_err());
    }

    fn parameters(all: &[(&str, &str)]) -> Parameters {
        Parameters(all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_parameter_is_known_and_stands_once() {
        assert!(parameters(&[("as", "5"), ("q", "o3")]).only(&["q"]).is_ok());
        for (given, field) in [(&[("p", "1")][..], "p"), (&[("q", "1"), ("q", "2")][..], "q")] {
            let Err(problem) = parameters(given).only(&["q"]) else { unreachable!("refused") };
            assert_eq!(problem.to_json()["field"], field);
        }
    }

    #[test]
    fn a_number_is_a_number() {
        let given = parameters(&[("limit", "12"), ("offset", "-1"), ("empty", "")]);
        assert_eq!(given.number::<u32>("limit").unwrap(), Some(12));
        assert_eq!(given.number::<u32>("empty").unwrap(), None);
        assert_eq!(given.number::<u32>("absent").unwrap(), None);
        assert_eq!(given.number::<u32>("offset").unwrap_err().to_json()["field"], "offset");
    }
}
