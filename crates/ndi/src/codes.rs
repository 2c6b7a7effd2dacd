//! Code tables of the documents as enums: one macro, so that the table is the code.

/// A closed table of codes: each value has one written form, and may have others that are read.
pub trait Code: Sized + Copy + 'static {
    /// Every value with the code that is written, in the document's order.
    const TABLE: &'static [(Self, &'static str)];

    /// The code that is written.
    fn code(self) -> &'static str;

    /// Reads a written form or an accepted alias.
    fn from_code(text: &str) -> Option<Self>;

    /// The written codes, for error texts.
    fn expected() -> String {
        let codes: Vec<String> = Self::TABLE.iter().map(|(_, code)| format!("`{code}`")).collect();
        format!("one of {}", codes.join(", "))
    }
}

/// Declares an enum with its codes: `Variant = "written" | "also read"`.
macro_rules! codes {
    ($(#[$meta:meta])* pub enum $name:ident {
        $($(#[$variant_meta:meta])* $variant:ident = $code:literal $(| $alias:literal)*),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant),+ }

        impl $crate::Code for $name {
            const TABLE: &'static [(Self, &'static str)] = &[$((Self::$variant, $code)),+];

            fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            fn from_code(text: &str) -> Option<Self> {
                match text { $($code $(| $alias)* => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::Code::code(*self))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::Code::code(*self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                <Self as $crate::Code>::from_code(&text).ok_or_else(|| serde::de::Error::custom(format_args!(
                    "`{}` is unknown: expected {}", $crate::error::shorten(&text), <Self as $crate::Code>::expected()
                )))
            }
        }
    };
}
