//! The answer to every message: NDI-TR-2025-03, 8.2.5, table 17: `code`, `message`, `data`.
//!
//! Table 17 requires `data`, samples leave it out: we write it always (`{}` where there is nothing), and read answers
//! without it. `message` is the sentence of the code, with the detail behind it, within 255 characters.

use serde_json::{Map, Value, json};

use crate::error::{clean, shorten};
use crate::return_code::{Lang, Module, ReturnCode};
use crate::{Error, Message, Path, limits};

/// A reply. A return code that is no success is not an error of reading: the caller decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// Return code.
    pub code: ReturnCode,
    /// Its sentence, with detail; at most [`limits::REPLY_MESSAGE_CHARS`] characters.
    pub message: String,
    /// What the interface answers, an empty object where it answers nothing.
    pub data: Value,
}

impl Reply {
    /// A success without data.
    pub fn done(module: Module) -> Self {
        let code = ReturnCode::success(module);
        Self { code, message: code.name(Lang::En).to_owned(), data: empty() }
    }

    /// A success with the interface's response.
    ///
    /// # Errors
    /// A response that is outside its own limits.
    pub fn with<M: Message>(module: Module, response: &M) -> Result<Self, Error> {
        Ok(Self { data: response.to_body()?, ..Self::done(module) })
    }

    /// A refusal: the code's sentence, then the detail.
    pub fn refuse(code: ReturnCode, detail: &str) -> Self {
        let name = code.name(Lang::En);
        let message = if detail.is_empty() { name.to_owned() } else { format!("{name}: {detail}") };
        Self { code, message: cut(&message, limits::REPLY_MESSAGE_CHARS), data: empty() }
    }

    /// The refusal of a message that could not be read.
    pub fn refuse_error(module: Module, error: &Error) -> Self {
        Self::refuse(error.return_code(module), &error.to_string())
    }

    /// Reads a reply. What a refusal says goes into texts, so it is cleaned; the data of a success stays as it was sent.
    ///
    /// # Errors
    /// What is no reply at all: [`Error::Unparsable`], or the path of the malformed field.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let body = crate::parse_body(bytes)?;
        let code = text(&body, "code")?;
        let code: ReturnCode = code.parse().map_err(|_| Error::Format {
            field: "code".to_owned(),
            found: shorten(code),
            expected: "six digits such as `003000`".to_owned(),
        })?;
        let message = body.get("message").and_then(Value::as_str).unwrap_or_default();
        let message = clean(&cut(message, limits::TEXT_CHARS), limits::TEXT_CHARS);
        let mut data = body.get("data").filter(|data| !data.is_null()).cloned().unwrap_or_else(empty);
        if !code.is_success() {
            clean_texts(&mut data);
        }
        Ok(Self { code, message, data })
    }

    /// The body of the HTTP answer.
    pub fn to_body(&self) -> Value {
        json!({"code": self.code, "message": self.message, "data": self.data})
    }

    /// The interface's response, read from `data`.
    ///
    /// # Errors
    /// The path of the first bad field, which begins with `data.`.
    pub fn response<M: Message>(&self) -> Result<M, Error> {
        M::read_at(&self.data, &Path::ROOT.key("data"))
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, Error> {
    let value = body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    value.ok_or_else(|| Error::Empty { field: name.to_owned() })
}

/// The reader bounds how deep the lists and objects go.
fn clean_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = clean(text, usize::MAX),
        Value::Array(values) => values.iter_mut().for_each(clean_texts),
        Value::Object(fields) => fields.values_mut().for_each(clean_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::digital_contract::{ContractNegotiated, ResultStatus};
    use crate::return_code::Parameter;

    #[test]
    fn an_answer_is_written_and_read() {
        let response = ContractNegotiated { negotiation_status: ResultStatus::Failure };
        let reply = Reply::with(Module::Common, &response).unwrap();
        let body = reply.to_body();
        assert_eq!(body, json!({"code": "000000", "message": "done", "data": {"negotiationStatus": "1"}}));
        let read = Reply::parse(body.to_string().as_bytes()).unwrap();
        assert_eq!(read, reply);
        assert!(read.code.is_success());
        assert_eq!(read.response::<ContractNegotiated>().unwrap(), response);
    }

    #[test]
    fn data_may_be_absent_as_in_the_sample() {
        for text in
            [r#"{"code":"003000","message":"成功"}"#, r#"{"code":"003000","data":null,"message":"成功"}"#]
        {
            let reply = Reply::parse(text.as_bytes()).unwrap();
            assert_eq!(reply.data, json!({}));
            assert_eq!(reply.message, "成功");
        }
        assert!(Reply::parse(br#"{"code":"003000"}"#).unwrap().message.is_empty());
    }

    #[test]
    fn data_of_another_shape_is_named_with_its_path() {
        let reply =
            Reply::parse(br#"{"code":"000000","message":"","data":{"negotiationStatus":"2"}}"#).unwrap();
        let error = reply.response::<ContractNegotiated>().unwrap_err();
        assert_eq!(error.to_string(), "`data.negotiationStatus` is `2`: expected one of `0`, `1`");
        let reply = Reply::parse(br#"{"code":"000000","message":"","data":["0"]}"#).unwrap();
        let error = reply.response::<ContractNegotiated>().unwrap_err();
        assert_eq!(error.to_string(), "`data` is `a list`: expected a JSON object");
    }

    #[test]
    fn a_refusal_says_what_and_where() {
        let error = Error::Empty { field: "strategy.actions".to_owned() };
        let reply = Reply::refuse_error(Module::Common, &error);
        assert_eq!(reply.code, ReturnCode::parameter(Module::Common, Parameter::Empty));
        assert_eq!(
            reply.message,
            "a required parameter is empty: `strategy.actions` is missing or empty: it is required"
        );
        assert_eq!(reply.data, json!({}));
    }

    #[test]
    fn a_message_keeps_to_its_length() {
        let code = ReturnCode::parameter(Module::Common, Parameter::Format);
        let reply = Reply::refuse(code, &"长".repeat(1000));
        assert_eq!(reply.message.chars().count(), limits::REPLY_MESSAGE_CHARS);
        assert!(reply.message.ends_with('…'));
        let long = format!(r#"{{"code":"000000","message":"{}"}}"#, "长".repeat(3000));
        assert_eq!(Reply::parse(long.as_bytes()).unwrap().message.chars().count(), limits::TEXT_CHARS);
        assert_eq!(Reply::refuse(code, "").message, "a parameter has the wrong format");
    }

    #[test]
    fn what_a_refusal_says_has_no_control_characters() {
        let refusal = r#"{"code":"100000","message":"a\u0000b\n\u001b[31m\u202ec",
            "data":{"limit":"\u0000","of":["\u2066",{"x":"\r"}],"count":3}}"#;
        let reply = Reply::parse(refusal.as_bytes()).unwrap();
        assert_eq!(reply.message, "a\u{fffd}b\u{fffd}\u{fffd}[31m\u{fffd}c");
        let data = json!({"limit": "\u{fffd}", "of": ["\u{fffd}", {"x": "\u{fffd}"}], "count": 3});
        assert_eq!(reply.data, data);
        let success = r#"{"code":"003000","message":"\u0000","data":{"text":"two\nlines"}}"#;
        let reply = Reply::parse(success.as_bytes()).unwrap();
        assert_eq!((reply.message.as_str(), reply.data), ("\u{fffd}", json!({"text": "two\nlines"})));
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        let refusal = |text: &str| Reply::parse(text.as_bytes()).unwrap_err();
        assert_eq!(refusal(r#"{"message":"ok"}"#), Error::Empty { field: "code".to_owned() });
        assert_eq!(refusal(r#"{"code":200}"#), Error::Empty { field: "code".to_owned() });
        let error = refusal(r#"{"code":"OK"}"#);
        assert_eq!(error.to_string(), "`code` is `OK`: expected six digits such as `003000`");
        assert!(matches!(refusal("<html>"), Error::Unparsable { .. }));
    }
}
