//! Scenes as the frames of a GIF file.

use super::png::{failure, pixels};
use super::scene::Scene;
use crate::Result;
use gif::{DisposalMethod, Encoder, Frame, Repeat};

/// How thoroughly the colours of a frame are chosen, from 1, the best, to 30, the quickest. A
/// medium value is enough, because the pictures have few colours.
const SPEED: i32 = 10;

/// Returns the content of the file. It shows all scenes in order, each for its number of hundredths
/// of a second, and then repeats them. All scenes have the size of the first one.
pub(in crate::plot) fn bytes(scenes: &[(Scene, u16)]) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let Some((first, _)) = scenes.first() else { return Err(failure("it has no frames")) };
    let side = |pixels: u32| u16::try_from(pixels).map_err(|_| failure("its size is out of range"));
    let (width, height) = (side(first.size.0)?, side(first.size.1)?);
    let refused = |error: gif::EncodingError| failure(&error.to_string());
    let mut encoder = Encoder::new(&mut file, width, height, &[]).map_err(refused)?;
    encoder.set_repeat(Repeat::Infinite).map_err(refused)?;
    for (scene, hundredths) in scenes {
        let mut paper = pixels(scene, 1.0)?;
        let mut frame = Frame::from_rgba_speed(width, height, paper.data_mut(), SPEED);
        frame.delay = *hundredths;
        frame.dispose = DisposalMethod::Keep;
        encoder.write_frame(&frame).map_err(refused)?;
    }
    drop(encoder);
    Ok(file)
}
