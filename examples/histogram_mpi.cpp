// Counts every grey value of a level, by all ranks of an MPI job:
//
//   mpirun -n 4 histogram_mpi [<server or folder> [<stack> [<level>]]]
#include <mpi.h>

#include <array>
#include <catvox/catvox.hpp>
#include <cstdint>
#include <iostream>
#include <mutex>
#include <string>

using Histogram = std::array<std::uint64_t, 256>;

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0, ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  try {
    const std::string server = argc > 1 ? argv[1] : catvox::file_url("out/demo");
    const catvox::CatmaidClient client({.server = server, .project_id = 1});
    const catvox::Stack stack = client.stack(argc > 2 ? std::stoi(argv[2]) : 1);
    const auto mine = stack.scale<std::uint8_t>(argc > 3 ? std::stoi(argv[3]) : 1).part(rank, ranks);

    Histogram counts{}, all{};
    std::mutex mutex;
    catvox::for_each_block(mine, [&](const auto& block) {
      const xt::xtensor<std::uint8_t, 3> voxels = block;
      Histogram of_block{};
      for (const std::uint8_t voxel : voxels) ++of_block[voxel];
      const std::lock_guard lock(mutex);
      for (std::size_t value = 0; value < counts.size(); ++value) counts[value] += of_block[value];
    });
    MPI_Reduce(counts.data(), all.data(), static_cast<int>(all.size()), MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
    for (std::size_t value = 0; rank == 0 && value < all.size(); ++value) {
      if (all[value] > 0) std::cout << value << ' ' << all[value] << '\n';
    }
  } catch (const std::exception& error) {
    std::cerr << "rank " << rank << ": " << error.what() << '\n';
    MPI_Abort(MPI_COMM_WORLD, 1);  // the others would wait for this one
  }
  MPI_Finalize();
}
