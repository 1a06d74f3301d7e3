//! Buffers, as Envoy reads and changes them.

use waxwing::Status;

/// A range of a buffer, cut at its end; past the end it is empty.
pub(super) fn range(bytes: &[u8], start: usize, max_len: usize) -> Vec<u8> {
    let rest = bytes.get(start..).unwrap_or_default();
    rest[..rest.len().min(max_len)].to_vec()
}

/// Changes a buffer at its start or its end.
///
/// From 0, `len` bytes are replaced: with 0 the data goes in front, with at least the size everything is
/// replaced. From the size on, the data goes behind. There is nothing between.
pub(super) fn splice(bytes: &mut Vec<u8>, start: usize, len: usize, data: &[u8]) -> Result<(), Status> {
    if start == 0 {
        let len = len.min(bytes.len());
        bytes.splice(..len, data.iter().copied());
        Ok(())
    } else if start >= bytes.len() {
        bytes.extend_from_slice(data);
        Ok(())
    } else {
        Err(Status::BAD_ARGUMENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_at_the_end_of_the_buffer() {
        assert_eq!(range(b"abcdef", 2, 3), b"cde");
        assert_eq!(range(b"abcdef", 4, usize::MAX), b"ef");
        assert_eq!(range(b"abcdef", 6, 1), b"");
        assert_eq!(range(b"abcdef", 7, 1), b"");
    }

    #[test]
    fn data_goes_to_the_start_or_the_end_and_nowhere_else() {
        for (start, len, expected) in [
            (0, 0, Ok("+abcd")),
            (0, 2, Ok("+cd")),
            (0, 4, Ok("+")),
            (0, usize::MAX, Ok("+")),
            (4, 0, Ok("abcd+")),
            (4, 9, Ok("abcd+")),
            (9, 0, Ok("abcd+")),
            (1, 0, Err(Status::BAD_ARGUMENT)),
            (3, 1, Err(Status::BAD_ARGUMENT)),
        ] {
            let mut bytes = b"abcd".to_vec();
            let result = splice(&mut bytes, start, len, b"+");
            assert_eq!(
                result.map(|()| bytes),
                expected.map(|text| text.as_bytes().to_vec()),
                "{start} {len}"
            );
        }
    }

    #[test]
    fn an_empty_buffer_takes_data_anywhere() {
        for start in [0, 1, 9] {
            let mut bytes = Vec::new();
            assert_eq!(splice(&mut bytes, start, 0, b"+"), Ok(()));
            assert_eq!(bytes, b"+");
        }
    }
}
