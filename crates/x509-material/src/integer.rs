//! INTEGER values: a certificate's serial number in decimal, a modulus and its size.

/// A two's complement big-endian integer of any length in decimal, with `-` where it is negative: what Java's `BigInteger.toString()` gives.
pub(crate) fn signed_decimal(twos_complement: &[u8]) -> String {
    let negative = twos_complement.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut magnitude = twos_complement.to_vec();
    if negative {
        let mut carry = true;
        for byte in magnitude.iter_mut().rev() {
            let (sum, overflow) = (!*byte).overflowing_add(u8::from(carry));
            *byte = sum;
            carry = overflow;
        }
    }
    let mut decimal = unsigned_decimal(&magnitude);
    if negative {
        decimal.insert(0, '-');
    }
    decimal
}

/// Base 256 to base 10^9, then to text. Quadratic: the length is bounded where a certificate is read.
fn unsigned_decimal(magnitude: &[u8]) -> String {
    use std::fmt::Write as _;

    const BASE: u64 = 1_000_000_000;
    let mut limbs: Vec<u64> = Vec::with_capacity(magnitude.len() / 3 + 1);
    for byte in magnitude {
        let mut carry = u64::from(*byte);
        for limb in &mut limbs {
            let value = (*limb << 8) + carry;
            *limb = value % BASE;
            carry = value / BASE;
        }
        if carry != 0 {
            limbs.push(carry);
        }
    }
    let mut limbs = limbs.iter().rev();
    let mut decimal = limbs.next().map_or_else(|| "0".to_owned(), ToString::to_string);
    for limb in limbs {
        // Writing to a String cannot fail.
        let _ = write!(decimal, "{limb:09}");
    }
    decimal
}

/// The magnitude without leading zero bytes.
pub(crate) fn trimmed(unsigned: &[u8]) -> &[u8] {
    let zeros = unsigned.iter().take_while(|byte| **byte == 0).count();
    unsigned.get(zeros..).unwrap_or_default()
}

/// How many bits an unsigned number has.
pub(crate) fn bits(unsigned: &[u8]) -> usize {
    let trimmed = trimmed(unsigned);
    trimmed.first().map_or(0, |first| {
        let unused = usize::try_from(first.leading_zeros()).unwrap_or(0);
        trimmed.len() * 8 - unused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_signed_decimals_of_any_length() {
        for (bytes, decimal) in [
            ("", "0"),
            ("00", "0"),
            ("0000", "0"),
            ("01", "1"),
            ("7f", "127"),
            ("80", "-128"),
            ("ff", "-1"),
            ("fb", "-5"),
            ("00ff", "255"),
            ("3b9aca00", "1000000000"),
            ("0de0b6b3a7640000", "1000000000000000000"),
            ("0100000000000000000000000000000000", "340282366920938463463374607431768211456"),
            ("8000000000000000", "-9223372036854775808"),
        ] {
            let bytes = hex::decode(bytes).unwrap_or_default();
            assert_eq!(signed_decimal(&bytes), decimal);
        }
    }

    #[test]
    fn bits_are_counted_without_leading_zeros() {
        assert_eq!(bits(&[]), 0);
        assert_eq!(bits(&[0, 0]), 0);
        assert_eq!(bits(&[0, 1]), 1);
        assert_eq!(bits(&[0, 0x80, 0]), 16);
    }
}
