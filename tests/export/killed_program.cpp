// Exports a level of its own, slowly, until it is killed: killed_program <format> <output>
#include <catvox/export/n5.hpp>
#include <catvox/export/npy.hpp>
#include <catvox/export/ome_zarr.hpp>
#include <catvox/export/run_export.hpp>
#include <catvox/export/tiff.hpp>
#include <chrono>
#include <iostream>
#include <string>
#include <thread>

#include "export/made_level.hpp"

using namespace catvox;

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  const std::string format = argv[1];
  const auto level = std::make_shared<test::MadeLevel>();
  level->missing = [](const Index3& chunk) { return chunk[1] == 1 && chunk[2] == 2; };
  level->before_chunk = [](const Index3&) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); };
  ExportVolume volume(ExportView(level, test::whole(*level)));
  const ChunkOptions chunks{.block_shape = {8, 16, 32}};
  std::unique_ptr<BlockWriter> writer;
  if (format == "n5" || format == "zarr") {
    volume.make_levels(2, Downsampling::average);
    writer = format == "n5" ? n5_writer(volume, argv[2], chunks) : ome_zarr_writer(volume, argv[2], chunks);
  } else {
    writer = format == "npy" ? npy_writer(volume, argv[2]) : imagej_tiff_writer(volume, argv[2]);
  }
  const ExportReport report = run_export(volume, *writer, {.memory_bytes = 3 * 8 * 32 * 64, .threads = 2});
  std::cout << report.before << ' ' << report.blocks << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
