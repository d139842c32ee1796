//! Writes the seeds of every fuzz target into `fuzz/corpus`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    for reader in sdflow_fuzz::READERS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(reader.name);
        std::fs::create_dir_all(&folder)?;
        for (i, seed) in (reader.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("seed{i:03}")), seed)?;
        }
    }
    Ok(())
}
