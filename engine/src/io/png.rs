//! Pictures in `.png`, read as pixels or as whole pictures, and written from pixels.

use super::origin::{Origin, cannot_read};
use super::read_bytes::open;
use super::write_atomic::write_atomic;
use crate::points::no_room;
use crate::{Error, Points, Result, Subject};
use png::{BitDepth, ColorType, Decoder, DecodingError, Encoder, Limits, Transformations};
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

/// The first bytes of every `.png` file.
pub(super) const MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The largest number of bytes that the decoder may use besides the pixels.
const BYTES: usize = 64 << 20;

/// A picture: its values in `[0, 1]`, row by row, with the channels of a pixel side by side.
struct Decoded {
    width: usize,
    height: usize,
    channels: usize,
    had_alpha: bool,
    values: Vec<f64>,
}

/// Reads the pixels of a picture, one per row; or with `flatten` the whole picture as one row.
pub(super) fn read(reader: BufReader<File>, origin: &Origin, flatten: bool) -> Result<(Points, Option<String>)> {
    let Decoded { width, height, channels, had_alpha, values } = decode(reader, origin)?;
    let dim = if flatten { values.len() } else { channels };
    let points = Points::new(values, dim, &origin.name())?;
    let colours = if channels == 1 { "grey levels" } else { "colours" };
    let alpha = if had_alpha { "; its transparency was left out" } else { "" };
    let rows = if flatten { "one row" } else { "one row per pixel" };
    Ok((points, Some(format!("a picture of {width} x {height} {colours} from 0 to 1, {rows}{alpha}"))))
}

/// Returns the `.png` files of a folder in the order of their names.
///
/// # Errors
/// The folder cannot be read.
pub fn pictures_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // Links are left out, because they could lead out of the folder.
        if entry.file_type()?.is_file() && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads all `.png` files of a folder, in the order of their names, one picture per row.
pub(super) fn read_folder(folder: &Path) -> Result<(Points, Option<String>)> {
    let origin = Origin { path: folder, array: None };
    let files = pictures_in(folder).map_err(|e| cannot_read(folder, &e))?;
    let (mut data, mut first): (Vec<f64>, Option<(PathBuf, [usize; 3])>) = (Vec::new(), None);
    let count = files.len();
    for path in files {
        let own = Origin { path: &path, array: None };
        let picture = decode(BufReader::new(open(&path)?.0), &own)?;
        let size = [picture.width, picture.height, picture.channels];
        let text = |[width, height, channels]: [usize; 3]| format!("{width} x {height} with {channels} channels");
        match &first {
            None => {
                let values = picture.values.len().saturating_mul(count);
                if let Some(why) = no_room(values, 1) {
                    return Err(origin.wrong(format!("its {count} pictures have {values} values"), why));
                }
                data.reserve_exact(values);
                first = Some((path, size));
            }
            Some((other, wanted)) if *wanted != size => {
                let want = format!("all pictures must have the size of {}, {}", other.display(), text(*wanted));
                return Err(own.wrong(format!("its size is {}", text(size)), want));
            }
            Some(_) => {}
        }
        data.extend(picture.values);
    }
    let Some((_, [width, height, channels])) = first else {
        return Err(
            origin.wrong("it is a folder without .png files", "a file of points, or a folder of pictures, is expected")
        );
    };
    let points = Points::new(data, width * height * channels, &origin.name())?;
    Ok((
        points,
        Some(format!("{count} pictures of {width} x {height} with {channels} channels from 0 to 1, one per row")),
    ))
}

fn decode(reader: BufReader<File>, origin: &Origin) -> Result<Decoded> {
    let failed = |error: DecodingError| match error {
        DecodingError::IoError(error) => origin.io_error(&error),
        DecodingError::LimitsExceeded => {
            origin.wrong("its header needs too much memory", "a usual picture is expected")
        }
        error => origin.wrong(format!("it is damaged ({error})"), "an intact .png is expected"),
    };
    let mut decoder = Decoder::new_with_limits(reader, Limits { bytes: BYTES });
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(failed)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    let (colour, depth) = reader.output_color_type();
    let (samples, had_alpha) = match colour {
        ColorType::Grayscale => (1, false),
        ColorType::GrayscaleAlpha => (2, true),
        ColorType::Rgba => (4, true),
        ColorType::Rgb | ColorType::Indexed => (3, false),
    };
    let pixels = width.saturating_mul(height);
    if let Some(why) = no_room(pixels.saturating_mul(2), samples) {
        return Err(origin.wrong(format!("it has {width} x {height} pixels"), why));
    }
    let bytes = reader.output_buffer_size().unwrap_or(usize::MAX);
    let mut buffer = Vec::new();
    if buffer.try_reserve_exact(bytes).is_err() {
        return Err(
            origin.wrong(format!("it has {width} x {height} pixels"), "a picture that fits into memory is expected")
        );
    }
    buffer.resize(bytes, 0);
    reader.next_frame(&mut buffer).map_err(failed)?;
    reader.finish().map_err(failed)?;
    let channels = if had_alpha { samples - 1 } else { samples };
    let values: Vec<f64> = match depth {
        BitDepth::Sixteen => {
            let all = buffer.as_chunks::<2>().0.iter().map(|pair| f64::from(u16::from_be_bytes(*pair)) / 65535.0);
            all.enumerate().filter(|(i, _)| i % samples < channels).map(|(_, value)| value).collect()
        }
        _ => {
            let all = buffer.iter().map(|byte| f64::from(*byte) / 255.0);
            all.enumerate().filter(|(i, _)| i % samples < channels).map(|(_, value)| value).collect()
        }
    };
    Ok(Decoded { width, height, channels, had_alpha, values })
}

/// Saves pixels as a `.png` of this width: points of one column are grey levels, points of three
/// columns are colours. 0 is black and 1 is full intensity; values outside of this range are
/// clipped, and others are rounded to 256 levels.
///
/// # Errors
/// There are neither one nor three columns, the number of points is not a multiple of `width`, or
/// an error of [`write_atomic`].
pub fn save_png(path: &Path, points: &Points, width: usize) -> Result<()> {
    let colour = match points.dim() {
        1 => ColorType::Grayscale,
        3 => ColorType::Rgb,
        dim => {
            let want = "pixels have one column (grey) or three (red, green and blue)";
            return Err(Error::shape(Subject::several("the points"), format!("{dim} columns"), want));
        }
    };
    if width == 0 || !points.n().is_multiple_of(width) {
        return Err(Error::argument("width", width, format!("it must divide the number of pixels, {}", points.n())));
    }
    let too_large = |_| Error::argument("width", width, "a picture has at most 2^32 rows and columns");
    let (wide, high) =
        (u32::try_from(width).map_err(too_large)?, u32::try_from(points.n() / width).map_err(too_large)?);
    let bytes: Vec<u8> = points.data().iter().map(|value| (255.0 * value.clamp(0.0, 1.0)).round() as u8).collect();
    write_atomic(path, |out| {
        let mut encoder = Encoder::new(out, wide, high);
        encoder.set_color(colour);
        encoder.set_depth(BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(io::Error::from)?;
        writer.write_image_data(&bytes).map_err(io::Error::from)?;
        writer.finish().map_err(io::Error::from)
    })
}
