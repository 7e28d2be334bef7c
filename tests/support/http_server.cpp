#include "support/http_server.hpp"

#include <httplib.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

namespace catvox::test {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string content_type_of(const std::filesystem::path& file) {
  const std::string extension = lower(file.extension().string());
  if (extension == ".jpg" || extension == ".jpeg") return "image/jpeg";
  if (extension == ".png") return "image/png";
  if (extension == ".json") return "application/json";
  return "application/octet-stream";
}

bool matches(const Received& request, const std::string& path) {
  return request.target() == path || request.path == path;
}

// httplib's own pool has a fixed number of threads, each bound to a connection while that is open: with more kept-alive
// connections than threads, the rest would wait for ever.
class ThreadPerConnection : public httplib::TaskQueue {
 public:
  explicit ThreadPerConnection(std::function<void()> on_connection) : on_connection_(std::move(on_connection)) {}

  void enqueue(std::function<void()> serve) override {
    on_connection_();
    threads_.emplace_back(std::move(serve));
  }

  void shutdown() override {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::function<void()> on_connection_;
  std::vector<std::thread> threads_;  // of the accepting thread alone
};

struct Certificate {
  std::unique_ptr<X509, decltype([](X509* x) { X509_free(x); })> x509;
  std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* key) { EVP_PKEY_free(key); })> key;
  std::string pem;
};

// For 127.0.0.1, signed by itself, good for an hour.
Certificate make_certificate() {
  Certificate made;
  made.key.reset(EVP_EC_gen("P-256"));
  made.x509.reset(X509_new());
  X509* x509 = made.x509.get();
  X509_set_version(x509, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(x509), -60);
  X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
  X509_set_pubkey(x509, made.key.get());
  X509_NAME* name = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
  X509_set_issuer_name(x509, name);
  X509_EXTENSION* address = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(x509, address, -1);
  X509_EXTENSION_free(address);
  const std::unique_ptr<BIO, decltype([](BIO* bio) { BIO_free(bio); })> text(BIO_new(BIO_s_mem()));
  if (X509_sign(x509, made.key.get(), EVP_sha256()) == 0 || PEM_write_bio_X509(text.get(), x509) == 0) {
    throw std::runtime_error("cannot make a certificate");
  }
  char* pem = nullptr;
  const auto size = BIO_get_mem_data(text.get(), &pem);
  made.pem.assign(pem, static_cast<std::size_t>(size));
  return made;
}

}  // namespace

class HttpServer::Impl {
 public:
  explicit Impl(std::unique_ptr<httplib::Server> server, std::string certificate = {})
      : server_(std::move(server)), certificate_(std::move(certificate)) {
    int listening = -1;
    server_->set_socket_options([&listening](int socket) { listening = socket; });
    server_->new_task_queue = [this] { return new ThreadPerConnection([this] { count_connection(); }); };
    server_->set_tcp_nodelay(true);
    server_->set_keep_alive_max_count(1'000'000);
    server_->set_keep_alive_timeout(2);
    const auto serve = [this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
    };
    server_->Get("[^]*", serve);  // HEAD, too
    server_->Post("[^]*", serve);

    port_ = server_->bind_to_any_port("127.0.0.1");
    // A hundred connections opened at once overflow httplib's backlog of 5, and each SYN that the kernel drops costs
    // its client a second. Listening again raises the limit.
    if (port_ <= 0 || ::listen(listening, 1024) != 0) throw std::runtime_error("cannot listen on 127.0.0.1");
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::yield();  // stop() does nothing before that
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stop_.notify_all();
    server_->stop();
    thread_.join();
  }

  void add(const std::string& path, Handler handler) {
    const std::lock_guard lock(mutex_);
    handlers_[path] = std::move(handler);
  }

  void add_prefix(const std::string& prefix, Handler handler) {
    const std::lock_guard lock(mutex_);
    prefixes_.emplace_back(prefix, std::move(handler));
  }

  void serve_folder(const std::string& prefix, const std::filesystem::path& folder) {
    const std::lock_guard lock(mutex_);
    folders_.emplace_back(prefix, folder);
  }

  void protect(const std::string& prefix, const std::string& user, const std::string& password) {
    const std::lock_guard lock(mutex_);
    protections_.emplace_back(prefix, httplib::make_basic_authentication_header(user, password).second);
  }

  void set_delay(std::chrono::milliseconds delay) {
    const std::lock_guard lock(mutex_);
    delay_ = delay;
  }

  void set_cuts_ranges(bool cuts) { cuts_ranges_ = cuts; }

  [[nodiscard]] int port() const { return port_; }

  [[nodiscard]] const std::string& certificate() const { return certificate_; }

  void count_handshakes(SSL_CTX* context) {
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_set_info_callback(context, [](const SSL* ssl, int where, int) {
      if ((where & SSL_CB_HANDSHAKE_DONE) == 0 || SSL_session_reused(ssl) == 0) return;
      ++static_cast<Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->resumed_;
    });
  }
  [[nodiscard]] std::size_t resumed() const { return resumed_; }

  [[nodiscard]] std::vector<Received> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  [[nodiscard]] std::size_t count(const std::function<bool(const Received&)>& wanted) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(requests_.begin(), requests_.end(), wanted));
  }

  [[nodiscard]] std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }

  [[nodiscard]] std::size_t peak_concurrency() const {
    const std::lock_guard lock(mutex_);
    return peak_;
  }

  void reset_log() {
    const std::lock_guard lock(mutex_);
    requests_.clear();
    connections_ = 0;
    resumed_ = 0;
    peak_ = active_;
  }

 private:
  void count_connection() {
    const std::lock_guard lock(mutex_);
    ++connections_;
  }

  static Received received(const httplib::Request& request) {
    Received result;
    result.time = std::chrono::steady_clock::now();
    result.method = request.method;
    const std::size_t question = request.target.find('?');
    result.path = request.target.substr(0, question);
    if (question != std::string::npos) result.query = request.target.substr(question + 1);
    for (const auto& [name, value] : request.headers) {
      const bool sent = name != "REMOTE_ADDR" && name != "REMOTE_PORT" && name != "LOCAL_ADDR" && name != "LOCAL_PORT";
      if (sent) result.headers.emplace(lower(name), value);
    }
    result.body = request.body;
    result.remote_port = request.remote_port;
    return result;
  }

  void answer(const httplib::Request& request, httplib::Response& response) {
    const Received asked = received(request);
    Handler handler;
    std::chrono::milliseconds delay{0};
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(asked);
      peak_ = std::max(peak_, ++active_);
      handler = handler_for(asked, request.path);
      delay = delay_;
    }
    Answer result;
    try {
      result = handler(asked);
    } catch (const std::exception& error) {
      result = {.status = 500, .body = error.what(), .content_type = "text/plain"};
    }
    wait(delay + result.delay);
    {
      const std::lock_guard lock(mutex_);
      --active_;
    }
    cut_to_range(asked.header("range"), result);
    const_cast<httplib::Request&>(request).ranges.clear();  // httplib would cut, too, and tells of bytes past the end
    response.status = result.status;
    for (const auto& [name, value] : result.headers) response.headers.emplace(name, value);
    if (result.status != 204 && result.status != 304) response.set_content(result.body, result.content_type);
  }

  // As RFC 9110 has it, for one range that has a first byte.
  void cut_to_range(const std::string& range, Answer& answer) {
    unsigned long long first = 0, last = ~0ULL;
    const int found = std::sscanf(range.c_str(), "bytes=%llu-%llu", &first, &last);
    if (found < 1 || answer.status != 200 || !cuts_ranges_) return;
    const std::size_t size = answer.body.size();
    if (first >= size) {
      answer.status = 416;
      answer.body.clear();
      answer.headers.emplace("Content-Range", "bytes */" + std::to_string(size));
      return;
    }
    last = std::min<unsigned long long>(last, size - 1);
    answer.status = 206;
    answer.body = answer.body.substr(first, last - first + 1);
    answer.headers.emplace("Content-Range",
                           "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + std::to_string(size));
  }

  void wait(std::chrono::milliseconds delay) {
    std::unique_lock lock(mutex_);
    stop_.wait_for(lock, delay, [this] { return stopping_; });
  }

  // mutex_ is held.
  Handler handler_for(const Received& request, const std::string& decoded_path) const {
    for (const auto& [prefix, authorization] : protections_) {
      if (request.path.starts_with(prefix) && request.header("authorization") != authorization) {
        return [](const Received&) {
          return Answer{.status = 401,
                        .body = "401 Authorization Required",
                        .content_type = "text/html",
                        .headers = {{"WWW-Authenticate", "Basic realm=\"tiles\""}}};
        };
      }
    }
    if (const auto found = handlers_.find(request.target()); found != handlers_.end()) return found->second;
    if (const auto found = handlers_.find(request.path); found != handlers_.end()) return found->second;
    for (const auto& [prefix, handler] : prefixes_) {
      if (request.path.starts_with(prefix)) return handler;
    }
    for (const auto& [prefix, folder] : folders_) {
      if (!decoded_path.starts_with(prefix + '/')) continue;
      const std::filesystem::path file = folder / decoded_path.substr(prefix.size() + 1);
      if (decoded_path.find("/..") != std::string::npos || !std::filesystem::is_regular_file(file)) continue;
      return [file](const Received&) {
        std::ifstream in(file, std::ios::binary);
        return Answer{.body = std::string(std::istreambuf_iterator<char>(in), {}),
                      .content_type = content_type_of(file)};
      };
    }
    return [](const Received&) { return Answer{.status = 404, .body = "404 Not Found", .content_type = "text/html"}; };
  }

  const std::unique_ptr<httplib::Server> server_;
  const std::string certificate_;
  int port_ = 0;
  std::thread thread_;

  mutable std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::map<std::string, Handler> handlers_;
  std::vector<std::pair<std::string, Handler>> prefixes_;
  std::vector<std::pair<std::string, std::filesystem::path>> folders_;
  std::vector<std::pair<std::string, std::string>> protections_;  // prefix, the Authorization header that opens it
  std::chrono::milliseconds delay_{0};
  std::atomic<bool> cuts_ranges_ = true;
  std::vector<Received> requests_;
  std::atomic<std::size_t> resumed_ = 0;
  std::size_t connections_ = 0;
  std::size_t active_ = 0;
  std::size_t peak_ = 0;
};

HttpServer::HttpServer() : impl_(std::make_unique<Impl>(std::make_unique<httplib::Server>())) {}

HttpServer::HttpServer(Tls) {
  const Certificate certificate = make_certificate();
  auto server = std::make_unique<httplib::SSLServer>(certificate.x509.get(), certificate.key.get());
  SSL_CTX* context = server->ssl_context();
  impl_ = std::make_unique<Impl>(std::move(server), certificate.pem);
  impl_->count_handshakes(context);
}

HttpServer::~HttpServer() = default;

void HttpServer::add(const std::string& path, Handler handler) { impl_->add(path, std::move(handler)); }

void HttpServer::add(const std::string& path, Answer answer) {
  impl_->add(path, [answer = std::move(answer)](const Received&) { return answer; });
}

void HttpServer::add(const std::string& path, std::string body, std::string content_type) {
  add(path, Answer{.body = std::move(body), .content_type = std::move(content_type)});
}

void HttpServer::add_prefix(const std::string& prefix, Handler handler) {
  impl_->add_prefix(prefix, std::move(handler));
}

void HttpServer::serve_folder(const std::string& prefix, const std::filesystem::path& folder) {
  impl_->serve_folder(prefix, folder);
}

void HttpServer::protect(const std::string& prefix, const std::string& user, const std::string& password) {
  impl_->protect(prefix, user, password);
}

void HttpServer::set_delay(std::chrono::milliseconds delay) { impl_->set_delay(delay); }

void HttpServer::set_cuts_ranges(bool cuts) { impl_->set_cuts_ranges(cuts); }

int HttpServer::port() const { return impl_->port(); }

std::string HttpServer::url() const {
  return (certificate().empty() ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(port());
}

std::string HttpServer::certificate() const { return impl_->certificate(); }

std::size_t HttpServer::resumed_connections() const { return impl_->resumed(); }

std::vector<Received> HttpServer::requests() const { return impl_->requests(); }

std::size_t HttpServer::count(const std::string& path) const {
  return impl_->count([&](const Received& request) { return matches(request, path); });
}

std::size_t HttpServer::count_prefix(const std::string& prefix) const {
  return impl_->count([&](const Received& request) { return request.target().starts_with(prefix); });
}

std::size_t HttpServer::connections() const { return impl_->connections(); }

std::size_t HttpServer::peak_concurrency() const { return impl_->peak_concurrency(); }

void HttpServer::reset_log() { impl_->reset_log(); }

}  // namespace catvox::test
