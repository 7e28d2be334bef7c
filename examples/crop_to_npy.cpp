// Crops a box, given in world units, into a file for NumPy: numpy.load("box.npy").
//
//   crop_to_npy [server]        a URL; by default the folder that scripts/demo.sh makes

#include <catvox/catvox.hpp>
#include <iostream>
#include <xtensor/xnpy.hpp>

int main(int argc, char** argv) try {
  const std::string server = argc > 1 ? argv[1] : catvox::file_url("out/demo");
  const catvox::CatmaidClient client({.server = server, .project_id = 1});
  const catvox::Stack stack = client.stack("demo EM");
  const auto level = stack.scale<std::uint8_t>(1);  // axes (z, y, x); nothing is read yet

  // Every voxel that the box touches, in nm. Still nothing is read.
  const auto box = level.world({.min = {2500, 3400, 900}, .max = {3301, 3600, 1080}});
  const xt::xtensor<std::uint8_t, 3> voxels = box;  // one read
  xt::dump_npy("box.npy", voxels);

  const catvox::WorldPoint corner = box.voxel_to_world({0, 0, 0});
  const auto size = box.voxel_size();
  std::cout << "box.npy: " << voxels.shape()[0] << " x " << voxels.shape()[1] << " x " << voxels.shape()[2]
            << " voxels of " << size[0] << " x " << size[1] << " x " << size[2] << " nm (z, y, x), from x " << corner.x
            << ", y " << corner.y << ", z " << corner.z << "\n";
} catch (const catvox::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
