#include "nginx.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace bench {
namespace {

std::string find_nginx() {
  const char* const path = std::getenv("PATH");
  // Debian has it where only root looks.
  std::istringstream folders(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/usr/local/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string program = folder + "/nginx";
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  throw std::runtime_error("there is no nginx to measure with: apt install nginx-light");
}

class LoopbackSocket {
 public:
  LoopbackSocket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "socket");
  }
  ~LoopbackSocket() { ::close(fd_); }
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  [[nodiscard]] bool connects_to(int port) const {
    const sockaddr_in to = address(port);
    return ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }

  [[nodiscard]] int bind_to_free_port() const {
    sockaddr_in bound = address(0);
    socklen_t size = sizeof bound;
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&bound), size) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
      throw std::system_error(errno, std::generic_category(), "bind");
    }
    return ntohs(bound.sin_port);
  }

 private:
  static sockaddr_in address(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }
  int fd_;
};

void make_certificate(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  const std::string command =
      "openssl req -x509 -nodes -newkey rsa:2048 -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
      " -keyout '" +
      key.string() + "' -out '" + certificate.string() + "' 2>/dev/null";
  if (std::system(command.c_str()) != 0) {
    throw std::runtime_error("openssl made no certificate: apt install openssl");
  }
}

}  // namespace

Nginx::Nginx(const std::filesystem::path& root, const Options& options) {
  const std::string program = find_nginx();
  if (options.tls) {
    certificate_ = (folder_.path() / "certificate.pem").string();
    make_certificate(certificate_, folder_.path() / "key.pem");
  }
  constexpr int attempts = 5;  // somebody else may take the port between our closing it and nginx's opening it
  for (int attempt = 1;; ++attempt) {
    port_ = LoopbackSocket().bind_to_free_port();
    write_configuration(root, options);
    start(program);
    while (!has_ended()) {
      if (answers()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    if (attempt == attempts) break;
  }
  std::ifstream log(folder_.path() / "error.log");
  throw std::runtime_error("nginx does not start: " + std::string(std::istreambuf_iterator<char>(log), {}));
}

void Nginx::write_configuration(const std::filesystem::path& root, const Options& options) const {
  std::ostringstream text;
  const std::string folder = folder_.path().string();
  text << "daemon off;\n"
       << "worker_processes " << options.workers << ";\n"
       << "pid " << folder << "/nginx.pid;\n"
       << "events { worker_connections 1024; }\n"
       << "http {\n"
       << "  access_log off;\n"
       << "  sendfile on;\n"
       << "  tcp_nopush on;\n"
       << "  keepalive_requests 100000000;\n"
       << "  default_type application/octet-stream;\n"
       << options.http << "\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text << "  " << kind << "_temp_path " << folder << "/" << kind << ";\n";
  }
  text << "  server {\n"
       << "    listen 127.0.0.1:" << port_ << (options.tls ? " ssl http2" : "") << ";\n";
  if (options.tls) {
    text << "    ssl_certificate " << certificate_ << ";\n"
         << "    ssl_certificate_key " << folder << "/key.pem;\n";
  }
  text << options.server << "\n"
       << "    root \"" << std::filesystem::absolute(root).string() << "\";\n"
       << "  }\n"
       << "}\n";
  // Root's nginx would run its workers as nobody, who may not read the folder.
  folder_.write("nginx.conf", (::geteuid() == 0 ? "user root;\n" : "") + text.str());
}

void Nginx::start(const std::string& program) {
  const std::string folder = folder_.path().string();
  const std::string configuration = folder + "/nginx.conf";
  const std::string log = folder + "/error.log";
  const char* const arguments[] = {program.c_str(),       "-p", folder.c_str(), "-c",
                                   configuration.c_str(), "-e", log.c_str(),    nullptr};
  master_ = ::fork();
  if (master_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (master_ > 0) return;
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // not to outlive a benchmark that is killed
#endif
  ::execv(program.c_str(), const_cast<char* const*>(arguments));
  ::_exit(127);
}

void Nginx::stop() noexcept {
  if (master_ == 0) return;
  ::kill(master_, SIGTERM);
  ::waitpid(master_, nullptr, 0);
  master_ = 0;
}

bool Nginx::answers() const { return LoopbackSocket().connects_to(port_) && !workers().empty(); }

bool Nginx::has_ended() {
  if (::waitpid(master_, nullptr, WNOHANG) != master_) return false;
  master_ = 0;
  return true;
}

std::vector<pid_t> Nginx::workers() const {
  const std::string master = std::to_string(master_);
  std::ifstream children("/proc/" + master + "/task/" + master + "/children");
  return {std::istream_iterator<pid_t>(children), {}};
}

std::string Nginx::url(std::string_view path) const {
  return (certificate_.empty() ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(port_) +
         std::string(path);
}

double Nginx::cpu_seconds() const {
  double seconds = 0;
  for (const pid_t worker : workers()) {
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(worker, &clock) != 0 || ::clock_gettime(clock, &used) != 0) {
      throw std::runtime_error("the CPU time of nginx cannot be read");
    }
    seconds += static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
  }
  return seconds;
}

}  // namespace bench
