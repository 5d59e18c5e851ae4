//! Places in a text as JavaScript counts them.

/// Bytes between two places of which the count is kept.
const BLOCK: usize = 64;

/// Turns offsets in bytes into offsets in UTF-16 code units, each in constant time.
pub(crate) struct Utf16<'a> {
    text: &'a [u8],
    /// The code units before each block.
    blocks: Vec<usize>,
}

impl<'a> Utf16<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let text = text.as_bytes();
        let mut before = 0;
        let blocks = text.chunks(BLOCK).map(|block| {
            let units = before;
            before += count(block);
            units
        });
        Self { blocks: blocks.collect(), text }
    }

    /// The code units before a byte on the border of a character. What lies beyond the text is at its end.
    pub(crate) fn offset(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        // The end of the text may be where a block would begin.
        let block = (byte / BLOCK).min(self.blocks.len().saturating_sub(1));
        let before = self.blocks.get(block).copied().unwrap_or_default();
        before + self.text.get(block * BLOCK..byte).map_or(0, count)
    }
}

/// The code units of the characters that begin in these bytes of UTF-8.
fn count(bytes: &[u8]) -> usize {
    let units = |byte: &u8| match byte {
        0x80..=0xBF => 0,
        // Beyond the basic multilingual plane: four bytes, a pair of surrogates.
        0xF0.. => 2,
        _ => 1,
    };
    bytes.iter().map(units).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_border_of_characters_is_where_javascript_has_it() {
        for text in ["", "a", "é", "𝄞", "a𝄞é€\u{10FFFF}\u{FFFF}", &"aé𝄞".repeat(100), &"a".repeat(BLOCK)]
        {
            let utf16 = Utf16::of(text);
            let borders = text.char_indices().map(|(byte, _)| byte).chain([text.len()]);
            for byte in borders {
                assert_eq!(utf16.offset(byte), text[..byte].encode_utf16().count(), "{text:?} at {byte}");
            }
        }
    }

    #[test]
    fn what_lies_beyond_the_text_is_at_its_end() {
        assert_eq!(Utf16::of("a𝄞").offset(usize::MAX), 3);
    }
}
