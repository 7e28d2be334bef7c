"""Builds and packages catvox with Conan 2: `conan create . --build=missing`."""

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy

# What the build looks for, by Conan's name of it: reference, and what find_package() and its target are called here.
LIBRARIES = {
    "bzip2": ("bzip2/1.0.8", "BZip2", {"": "BZip2::BZip2"}),
    "c-blosc": ("c-blosc/1.21.5", "Blosc", {"": "Blosc::Blosc"}),
    "brotli": ("brotli/1.1.0", "Brotli", {"brotlidec": "Brotli::brotlidec"}),
    "libcurl": ("libcurl/8.6.0", "CURL", {"": "CURL::libcurl"}),
    "libdeflate": ("libdeflate/1.19", "Libdeflate", {"": "Libdeflate::Libdeflate"}),
    "libjpeg-turbo": ("libjpeg-turbo/3.0.2", "JPEG", {"jpeg": "JPEG::JPEG"}),
    "libpng": ("libpng/1.6.42", "PNG", {"": "PNG::PNG"}),
    "lz4": ("lz4/1.9.4", "LZ4", {"": "LZ4::LZ4"}),
    "openssl": ("openssl/3.2.1", "OpenSSL", {"crypto": "OpenSSL::Crypto"}),
    "xz_utils": ("xz_utils/5.4.5", "LibLZMA", {"": "LibLZMA::LibLZMA"}),
    "zstd": ("zstd/1.5.5", "Zstd", {"zstdlib": "Zstd::Zstd"}),
}


class CatvoxConan(ConanFile):
    name = "catvox"
    version = "0.1.0"
    description = "CATMAID image stacks as lazy N-D arrays"
    license = "MIT"
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"

    def validate(self):
        check_min_cppstd(self, 20)

    def requirements(self):
        self.requires("xtensor/0.24.7", transitive_headers=True)
        for reference, _, _ in LIBRARIES.values():
            self.requires(reference)
        self.requires("nlohmann_json/3.11.3", visible=False)  # headers, in src/ alone
        self.requires("xxhash/0.8.2", visible=False)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        dependencies = CMakeDeps(self)
        for name, (_, package, targets) in LIBRARIES.items():
            dependencies.set_property(name, "cmake_file_name", package)
            for component, target in targets.items():
                whole = f"{name}::{component}" if component else name
                dependencies.set_property(whole, "cmake_target_name", target)
        dependencies.set_property("xxhash", "cmake_file_name", "XxHash")
        dependencies.set_property("xxhash::libxxhash", "cmake_target_name", "XxHash::Header")
        dependencies.generate()
        toolchain = CMakeToolchain(self)
        toolchain.preprocessor_definitions["XXH_INLINE_ALL"] = 1  # as cmake/FindXxHash.cmake does
        for part in ("TESTS", "EXAMPLES", "TOOLS"):
            toolchain.cache_variables[f"CATVOX_BUILD_{part}"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, self.package_folder + "/licenses")
        CMake(self).install()

    def package_info(self):
        # The package's own catvoxConfig.cmake finds what it stands on: what CMakeDeps would write is not wanted.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/catvox"]
        self.cpp_info.libs = ["catvox"]
