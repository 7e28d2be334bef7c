// Fixtures by the n5 crate (0.7.6). Usage: cargo run --release -- OUT
// The values are those of values.py.
use n5::prelude::*;
use n5::smallvec::{smallvec, SmallVec};
use n5::{DataBlock, ReflectedType, WriteableDataBlock};

type Dimensions = [u64; 3];

/// The voxels of the block at `grid`, cut off at the volume's end.
fn block<T: ReflectedType>(value: impl Fn(u64) -> T, d: Dimensions, b: Dimensions, grid: Dimensions) -> SliceDataBlock<T, Vec<T>> {
    let from: Vec<u64> = (0..3).map(|k| grid[k] * b[k]).collect();
    let to: Vec<u64> = (0..3).map(|k| d[k].min(from[k] + b[k])).collect();
    let mut data = Vec::new();
    for i2 in from[2]..to[2] {
        for i1 in from[1]..to[1] {
            for i0 in from[0]..to[0] {
                data.push(value(i0 + d[0] * (i1 + d[1] * i2)));
            }
        }
    }
    let size: SmallVec<_> = (0..3).map(|k| (to[k] - from[k]) as u32).collect();
    SliceDataBlock::new(size, grid.iter().copied().collect(), data)
}

fn write<T: ReflectedType>(store: &N5Filesystem, name: &str, value: impl Fn(u64) -> T, d: Dimensions, b: Dimensions, compression: CompressionType)
where
    SliceDataBlock<T, Vec<T>>: DataBlock<T> + WriteableDataBlock,
{
    let attributes = DatasetAttributes::new(
        d.iter().copied().collect(),
        b.iter().map(|&s| s as u32).collect(),
        T::VARIANT,
        compression,
    );
    store.create_dataset(name, &attributes).unwrap();
    for g2 in 0..d[2].div_ceil(b[2]) {
        for g1 in 0..d[1].div_ceil(b[1]) {
            for g0 in 0..d[0].div_ceil(b[0]) {
                store.write_block(name, &attributes, &block(&value, d, b, [g0, g1, g2])).unwrap();
            }
        }
    }
}

fn uint8(n: u64) -> u8 { ((n * 7 + 1) % 251) as u8 }
fn uint16(n: u64) -> u16 { (0x4321 + n * 3) as u16 }

fn main() {
    let store = N5Filesystem::open_or_create(std::env::args().nth(1).expect("OUT")).unwrap();
    let small: (Dimensions, Dimensions) = ([5, 4, 3], [3, 4, 3]);
    let large: (Dimensions, Dimensions) = ([64, 64, 40], [64, 64, 40]);
    for name in ["raw", "gzip", "bzip2", "xz", "lz4"] {
        let compression: CompressionType = name.parse().unwrap();
        macro_rules! write_small {
            ($dtype:literal, $value:expr) => {
                write(&store, &format!("{}-{}", $dtype, name), $value, small.0, small.1, compression.clone())
            };
        }
        write_small!("uint8", uint8);
        write_small!("int16", |n| 1000 - 77 * n as i16);
        write_small!("float64", |n| 0.0009765625 * n as f64 - 1e9);
        if name == "lz4" {
            write_small!("uint16", uint16);
            write_small!("uint32", |n| 0x87654321 + n as u32 * 5);
            write_small!("uint64", |n| 0x8765432101234567 + n * 0x100000001);
            write_small!("int8", |n| (((n * 7 + 1) % 251) as i16 - 125) as i8);
            write_small!("int32", |n| 100000 - 1234567 * n as i32);
            write_small!("int64", |n| 5 - 1234567890123 * n as i64);
            write_small!("float32", |n| 0.25 * n as f32 - 40.5);
        }
        if name != "raw" {
            write(&store, &format!("large-{name}"), uint8, large.0, large.1, compression.clone());
        }
    }
    write(&store, "odd", uint16, [11, 7, 5], [4, 3, 2], "lz4".parse().unwrap());

    // A block whose number of elements is not the product of its size: written in mode 1.
    let attributes = DatasetAttributes::new(smallvec![5, 4, 3], smallvec![3, 4, 3], DataType::UINT8, "gzip".parse().unwrap());
    store.create_dataset("varlength", &attributes).unwrap();
    let data: Vec<u8> = (0..10).map(uint8).collect();
    store.write_block("varlength", &attributes, &SliceDataBlock::new(smallvec![3, 4, 3], smallvec![0, 0, 0], data)).unwrap();
}
