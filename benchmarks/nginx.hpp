#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/temp_dir.hpp"

namespace bench {

/// A real nginx that serves the files below a folder from a free port of the loopback interface, as the current user,
/// for as long as this lives. Everything that it writes is in a temporary folder.
class Nginx {
 public:
  struct Options {
    bool tls = false;      ///< https with HTTP/2 and a self-signed certificate, see certificate(); otherwise http
    int workers = 1;       ///< processes
    std::string http{};    ///< directives more, for all: limits that are shared
    std::string server{};  ///< directives more, of the server: limits, locations
  };

  /// Returns when the server answers.
  /// \throws std::runtime_error that says what to install if there is no nginx, or no openssl for a certificate;
  ///         with nginx's own words if it does not start
  explicit Nginx(const std::filesystem::path& root) : Nginx(root, Options{}) {}
  Nginx(const std::filesystem::path& root, const Options& options);
  ~Nginx() { stop(); }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;

  /// \param path  absolute: "/a/b" is the file a/b below the root
  [[nodiscard]] std::string url(std::string_view path) const;

  /// What a client has to trust (HttpOptions::ca_file), as a PEM file; empty without TLS.
  [[nodiscard]] std::string certificate() const { return certificate_; }

  /// What its worker processes have used up to now.
  [[nodiscard]] double cpu_seconds() const;

 private:
  void write_configuration(const std::filesystem::path& root, const Options& options) const;
  void start(const std::string& program);
  void stop() noexcept;
  [[nodiscard]] bool answers() const;
  [[nodiscard]] bool has_ended();
  [[nodiscard]] std::vector<pid_t> workers() const;

  catvox::test::TempDir folder_;
  std::string certificate_;
  int port_ = 0;
  pid_t master_ = 0;
};

}  // namespace bench
