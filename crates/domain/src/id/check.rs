//! Check characters: MOD 37-2 of GB/T 17710 (NDI-TR-2025-04, annex B), and that of the credit code (GB 32100).

/// The check character over `body`, the characters before it; `None` where one is outside `0-9A-Z`.
///
/// GB/T 17710 MOD 37-2 in its recursive form. The length is free: 31 characters for ids of types 1 to 7, 46 for a
/// contract's. `*` stands for the value 36.
#[must_use]
pub fn check_char(body: &str) -> Option<char> {
    let mut sum: u32 = 0;
    for c in body.chars() {
        sum = (sum + value(c)?) * 2 % 37;
    }
    symbol((38 - sum) % 37)
}

fn value(c: char) -> Option<u32> {
    if c.is_ascii_lowercase() { None } else { c.to_digit(36) }
}

fn symbol(value: u32) -> Option<char> {
    if value == 36 { Some('*') } else { char::from_digit(value, 36).map(|c| c.to_ascii_uppercase()) }
}

/// Characters of a credit code: no `I`, `O`, `S`, `V`, `Z`.
const USCC_ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The check character of a unified social credit code over its first 17 characters (GB 32100: weights are powers of 3
/// modulo 31); `None` where a character is outside the code's alphabet or their number is wrong.
pub(super) fn uscc_check_char(body: &str) -> Option<char> {
    if body.chars().count() != 17 {
        return None;
    }
    let (mut sum, mut weight) = (0_usize, 1_usize);
    for c in body.chars() {
        sum += USCC_ALPHABET.find(c)? * weight;
        weight = weight * 3 % 31;
    }
    USCC_ALPHABET.chars().nth((31 - sum % 31) % 31)
}
