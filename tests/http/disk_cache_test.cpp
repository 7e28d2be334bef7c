#include "http/disk_cache.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catvox/core/error.hpp>
#include <catvox/http/session.hpp>
#include <catvox/http/url.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/http_server.hpp"
#include "support/temp_dir.hpp"

extern char** environ;

using namespace catvox;
using namespace std::chrono_literals;
using detail::DiskCache;
using detail::DiskEntry;
namespace fs = std::filesystem;

namespace {

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::span<const std::byte> bytes(std::string_view content) { return std::as_bytes(std::span(content)); }

HttpOptions keeping(const fs::path& folder) {
  HttpOptions options;
  options.threads = 1;
  options.disk_cache.folder = folder.string();
  return options;
}

Request cacheable(std::string url) {
  Request request;
  request.url = std::move(url);
  request.cacheable = true;
  return request;
}

// In a session of its own: when it has ended, everything is on disk.
Response get(const HttpOptions& options, Request request) {
  const HttpSession session(options);
  request.credentials = session.credentials_for(request.url);
  return session.get(std::move(request));
}

// The answers in a cache's folder, and what is left of such as were never finished.
std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().filename() != "catvox-cache") files.push_back(entry.path());
  }
  return files;
}

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void overwrite(const fs::path& file, std::string_view content) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

void keep(DiskCache& cache, const Request& request, DiskEntry entry, std::string_view body) {
  entry.key = cache.key_of(request).value();
  cache.write(entry, bytes(body)).keep();
}

std::int64_t seconds_ago(std::int64_t seconds) {
  return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()) - seconds;
}

std::optional<DiskEntry> find(DiskCache& cache, const Request& request) {
  return cache.find(cache.key_of(request).value(), {});
}

}  // namespace

TEST_CASE("an answer that was kept is not asked for again, by no session", "[disk_cache]") {
  test::HttpServer server;
  server.add("/tile.jpg", "voxels", "image/jpeg");
  const test::TempDir temp;
  const auto options = keeping(temp.path() / "new" / "cache");
  const auto request = cacheable(server.url("/tile.jpg"));
  const Response first = get(options, request);
  CHECK(first.attempts == 1);
  CHECK_FALSE(first.from_disk);
  const Response second = get(options, request);
  CHECK(second.status == 200);
  CHECK(text(second.body.bytes()) == "voxels");
  CHECK(second.content_type == "image/jpeg");
  CHECK(second.url == request.url);
  CHECK(second.attempts == 0);
  CHECK(second.from_disk);
  CHECK(server.count_prefix() == 1);

  const auto mode = fs::status(options.disk_cache.folder).permissions();
  CHECK((mode & (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none);
}

TEST_CASE("only what may be kept is kept", "[disk_cache]") {
  test::HttpServer server;
  server.add("/tile", "voxels");
  server.add("/secret", test::Answer{.body = "voxels", .headers = {{"Cache-Control", "private, No-Store"}}});
  server.add("/via", test::Answer{.status = 302,
                                  .headers = {{"Location", server.url("/tile")}, {"Cache-Control", "no-store"}}});
  server.add("/forbidden", test::Answer{.status = 403});
  const test::TempDir temp;
  const auto options = keeping(temp.path() / "cache");
  Request request;
  SECTION("not metadata") {
    request = cacheable(server.url("/tile"));
    request.cacheable = false;
  }
  SECTION("not against the server's word") { request = cacheable(server.url("/secret")); }
  SECTION("not against the word of who redirects") { request = cacheable(server.url("/via")); }
  SECTION("not what may be allowed tomorrow") { request = cacheable(server.url("/forbidden")); }
  SECTION("not what a password in the address opened") {
    request = cacheable("http://em:section20@127.0.0.1:" + std::to_string(server.port()) + "/tile");
  }
  for (int i = 0; i < 2; ++i) CHECK(get(options, request).attempts == 1);
  CHECK(files_in(options.disk_cache.folder).empty());
}

TEST_CASE("requests that differ in anything that is sent have answers of their own", "[disk_cache]") {
  const test::TempDir temp;
  DiskCache cache(keeping(temp.path()));
  const std::string url = "https://tiles.example/0/1.jpg";
  std::vector<Request> requests = {cacheable(url), cacheable(url + "?token=a"), cacheable(url + "?token=b")};
  requests.push_back(cacheable(url));
  requests.back().headers = {{"Accept", "image/webp"}};
  for (const char* origin : {"https://tiles.example", "https://elsewhere.example"}) {  // a redirect may lead there
    for (const char* password : {"section20", "section21"}) {
      requests.push_back(cacheable(url));
      requests.back().credentials = std::make_shared<const Credentials>(origin, BasicAuth{"em", password});
    }
  }
  std::vector<detail::Digest> keys;
  for (const Request& request : requests) {
    keys.push_back(cache.key_of(request).value());
    CHECK(cache.key_of(request) == keys.back());
  }
  std::sort(keys.begin(), keys.end());
  CHECK(std::adjacent_find(keys.begin(), keys.end()) == keys.end());

  auto with_certificate = keeping(temp.path());
  with_certificate.client_certificate = temp.write("client.pem", "certificate").string();
  CHECK(DiskCache(with_certificate).key_of(requests[0]) != cache.key_of(requests[0]));
}

TEST_CASE("what secrets opened is given to who has them, and they are not on disk", "[disk_cache]") {
  test::HttpServer server;
  server.protect("/", "em", "section20");
  server.add("/tile", "voxels");
  const test::TempDir temp;
  auto options = keeping(temp.path());
  options.retry.max_attempts = 1;
  const auto request = cacheable(server.url("/tile?signature=c0ffee11"));
  auto authorized = options;
  authorized.basic_auth = BasicAuth{"em", "section20"};
  authorized.headers = {{"X-Authorization", "Token t0psecret"}};
  CHECK(get(authorized, request).status == 200);
  CHECK(get(authorized, request).from_disk);
  CHECK(get(options, request).status == 401);
  auto wrong = authorized;
  wrong.basic_auth->password = "section21";
  CHECK(get(wrong, request).status == 401);

  REQUIRE(files_in(temp.path()).size() == 1);
  for (const auto& entry : fs::recursive_directory_iterator(temp.path())) {
    const auto all = entry.path().string() + (entry.is_regular_file() ? content_of(entry.path()) : "");
    for (const char* secret : {"section20", "ZW06c2VjdGlvbjIw", "t0psecret", "c0ffee11"}) {
      CHECK(all.find(secret) == std::string::npos);
    }
  }
}

TEST_CASE("kept bodies are confirmed by the server where that is asked for", "[disk_cache]") {
  const auto [header, value, condition] = GENERATE(table<std::string, std::string, std::string>({
      {"ETag", "\"v1\"", "if-none-match"},
      {"Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT", "if-modified-since"},
  }));
  CAPTURE(header);
  test::HttpServer server;
  std::mutex mutex;
  std::string current = value;
  server.add("/tile", [&, name = header, asked = condition](const test::Received& received) {
    const std::lock_guard lock(mutex);
    if (received.header(asked) == current) return test::Answer{.status = 304};
    return test::Answer{.body = "voxels of " + current, .headers = {{name, current}}};
  });
  const test::TempDir temp;
  auto options = keeping(temp.path());
  options.disk_cache.revalidate = true;
  const auto request = cacheable(server.url("/tile"));
  CHECK(get(options, request).attempts == 1);

  const Response confirmed = get(options, request);
  CHECK(confirmed.status == 200);
  CHECK(text(confirmed.body.bytes()) == "voxels of " + value);
  CHECK(confirmed.from_disk);
  CHECK(confirmed.attempts == 1);
  {
    const std::lock_guard lock(mutex);
    current = header == "ETag" ? "\"v2\"" : "Thu, 22 Oct 2015 07:28:00 GMT";
  }
  const Response changed = get(options, request);
  CHECK(text(changed.body.bytes()) == "voxels of " + current);
  CHECK_FALSE(changed.from_disk);
  options.disk_cache.revalidate = false;
  const Response kept = get(options, request);
  CHECK(text(kept.body.bytes()) == "voxels of " + current);
  CHECK(kept.attempts == 0);
  CHECK(server.count("/tile") == 3);
}

TEST_CASE("a body that cannot be confirmed is asked for again", "[disk_cache]") {
  test::HttpServer server;
  server.add("/tile", "voxels");  // neither ETag nor Last-Modified
  const test::TempDir temp;
  auto options = keeping(temp.path());
  options.disk_cache.revalidate = true;
  for (int i = 0; i < 2; ++i) CHECK_FALSE(get(options, cacheable(server.url("/tile"))).from_disk);
}

TEST_CASE("that there is nothing is believed for its lifetime", "[disk_cache]") {
  test::HttpServer server;
  server.add("/gone", test::Answer{.status = 410});
  server.add("/empty", test::Answer{.status = 204});
  const test::TempDir temp;
  auto options = keeping(temp.path());
  for (const auto& [path, status] : {std::pair("/none", 404), {"/gone", 410}, {"/empty", 204}}) {
    CAPTURE(path);
    CHECK(get(options, cacheable(server.url(path))).attempts == 1);
    const Response again = get(options, cacheable(server.url(path)));
    CHECK(again.status == status);
    CHECK(again.from_disk);
    CHECK(again.body.size() == 0);
  }
  options.disk_cache.missing_lifetime = 0s;
  CHECK_FALSE(get(options, cacheable(server.url("/none"))).from_disk);

  options.disk_cache.missing_lifetime = 1h;
  DiskCache cache(options);
  const auto [status, age, found] = GENERATE(table<int, std::int64_t, bool>({
      {404, 3590, true},
      {404, 3600, false},
      {404, -60, false},  // of a clock that was wrong
      {200, 360'000, true},
  }));
  CAPTURE(status, age);
  const auto request = cacheable("https://tiles.example/0.jpg");
  keep(cache, request, {.status = status, .stored = seconds_ago(age)}, "");
  CHECK(find(cache, request).has_value() == found);
}

TEST_CASE("what does not decode is not kept, and what is kept but does not decode is replaced", "[disk_cache]") {
  // Wants a certain body, and tells how it went.
  class Decoder final : public TransferHandler {
   public:
    explicit Decoder(std::string wanted) : wanted_(std::move(wanted)) {}
    void on_response(Response& response) override {
      log_ += text(response.body.bytes()) + (response.from_disk ? " from disk; " : "; ");
      if (text(response.body.bytes()) != wanted_) throw Error(Errc::corrupt_data, "not decoded");
      done_ = true;
    }
    void on_error(const Error& error) noexcept override {
      log_ += error.what();
      done_ = true;
    }
    std::string wait() const {
      while (!done_) std::this_thread::sleep_for(1ms);
      return log_;
    }

   private:
    const std::string wanted_;
    std::string log_;
    std::atomic<bool> done_ = false;
  };
  test::HttpServer server;
  std::atomic<int> requests = 0;
  std::atomic<bool> past_caches = false;
  server.add("/tile", [&](const test::Received& received) {
    past_caches = received.header("cache-control") == "no-cache";
    return test::Answer{.body = ++requests == 2 ? "good" : "bad"};
  });
  const test::TempDir temp;
  auto options = keeping(temp.path());
  options.retry = {.max_attempts = 2, .initial_delay = 1ms};
  server.add("/hopeless", "bad");
  const auto decode = [&](const char* wanted, const char* path = "/tile") {
    const HttpSession session(options);
    const auto decoder = std::make_shared<Decoder>(wanted);
    session.transport()->start(cacheable(server.url(path)), decoder);
    return decoder->wait();
  };
  CHECK(decode("good", "/hopeless") == "bad; bad; not decoded");
  CHECK(files_in(temp.path()).empty());
  CHECK(decode("good") == "bad; good; ");
  CHECK(past_caches);
  CHECK(decode("good") == "good from disk; ");
  CHECK(decode("bad") == "good from disk; bad; ");
  CHECK(decode("bad") == "bad from disk; ");
  CHECK(decode("none") == "bad from disk; bad; bad; not decoded");
  CHECK(files_in(temp.path()).size() == 1);
}

TEST_CASE("a file that is not to the bit what was written is not there", "[disk_cache]") {
  const test::TempDir temp;
  DiskCache cache(keeping(temp.path()));
  const auto request = cacheable("https://tiles.example/0.jpg");
  const auto keep_one = [&] {
    keep(cache, request,
         {.status = 200, .stored = 7, .content_type = "image/jpeg", .etag = "\"v\"", .last_modified = "now"}, "voxels");
  };
  keep_one();
  const auto entry = find(cache, request);
  REQUIRE(entry);
  CHECK(entry->status == 200);
  CHECK(entry->stored == 7);
  CHECK(entry->content_type == "image/jpeg");
  CHECK(entry->etag == "\"v\"");
  CHECK(entry->last_modified == "now");
  CHECK(text(entry->body.bytes()) == "voxels");

  REQUIRE(files_in(temp.path()).size() == 1);
  const auto file = files_in(temp.path())[0];
  const auto whole = content_of(file);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CAPTURE(i);
    overwrite(file, whole.substr(0, i));
    CHECK_FALSE(find(cache, request));
    for (const int mask : {0x01, 0xff}) {
      auto changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ mask);
      overwrite(file, changed);
      CHECK_FALSE(find(cache, request));
    }
  }
  overwrite(file, whole + "x");
  CHECK_FALSE(find(cache, request));
  overwrite(file, std::string(1 << 20, '\xff'));
  CHECK_FALSE(find(cache, request));
  keep_one();
  CHECK(content_of(file) == whole);

  // Another request's answer, under this one's name.
  keep(cache, cacheable("https://tiles.example/1.jpg"), {.status = 200}, "other");
  for (const auto& other : files_in(temp.path())) {
    if (other != file) fs::copy_file(other, file, fs::copy_options::overwrite_existing);
  }
  CHECK_FALSE(find(cache, request));
  fs::remove(file);
  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  CHECK_FALSE(find(cache, request));
}

TEST_CASE("a body larger than the session allows is not read from disk either", "[disk_cache]") {
  const test::TempDir temp;
  auto options = keeping(temp.path());
  const auto request = cacheable("https://tiles.example/0.jpg");
  {
    DiskCache cache(options);
    keep(cache, request, {.status = 200}, std::string(1001, 'v'));
    CHECK(find(cache, request));
  }
  options.max_body_bytes = 1000;
  DiskCache cache(options);
  CHECK_FALSE(find(cache, request));
}

TEST_CASE("the folder stays within its bound, least recently used first out", "[disk_cache]") {
  const test::TempDir temp;
  auto options = keeping(temp.path());
  options.disk_cache.max_bytes = 10 * 4096 * 32 / 31 + 32;  // ten pages when 1/32 is left free
  const auto request = [](int i) { return cacheable("https://tiles.example/" + std::to_string(i)); };
  DiskCache cache(options);
  for (int i = 0; i < 10; ++i) {
    keep(cache, request(i), {.status = 200}, "voxels");
    for (const auto& file : files_in(temp.path())) {  // of hours ago, the first the oldest
      fs::last_write_time(file, fs::last_write_time(file) - 1h);
    }
  }
  CHECK(files_in(temp.path()).size() == 10);
  CHECK(find(cache, request(0)));  // now it is the youngest

  keep(cache, request(10), {.status = 200}, "voxels");
  CHECK(files_in(temp.path()).size() == 10);
  for (int i = 0; i <= 10; ++i) {
    CAPTURE(i);
    CHECK(find(cache, request(i)).has_value() == (i != 1));
  }
  keep(cache, request(11), {.status = 200}, std::string(4 * 4096, 'v'));
  CHECK(find(cache, request(11)));
  CHECK(files_in(temp.path()).size() == 6);
  keep(cache, request(12), {.status = 200}, std::string(10 * 4096, 'v'));  // with its head, too large
  CHECK_FALSE(find(cache, request(12)));
  CHECK(files_in(temp.path()).size() == 6);
}

TEST_CASE("what dead writers left goes after a while, and what is not the cache's stays", "[disk_cache]") {
  const test::TempDir temp;
  std::vector<fs::path> dead = {temp.write("tmp-abcdef", "x"), temp.write("0a/tmp-abcdef", "x")};
  std::vector<fs::path> others = {temp.write("0a/tmp-fedcba", "x"), temp.write("notes.txt", "x"),
                                  temp.write("0a/notes.txt", "x"), temp.write("letters/tmp-abcdef", "x")};
  for (auto* files : {&dead, &others}) {
    for (const auto& file : *files) {
      if (file != others[0]) fs::last_write_time(file, fs::last_write_time(file) - 2h);
    }
  }
  DiskCache cache(keeping(temp.path()));
  keep(cache, cacheable("https://tiles.example/0"), {.status = 200}, "voxels");
  for (const auto& file : dead) CHECK_FALSE(fs::exists(file));
  for (const auto& file : others) CHECK(fs::exists(file));
}

TEST_CASE("a folder's state that is lost or damaged is made anew", "[disk_cache]") {
  test::HttpServer server;
  server.add("/tile", "voxels");
  const test::TempDir temp;
  const auto options = keeping(temp.path());
  for (const char* damage : {"", "catvox", "something else that is longer than the state"}) {
    CAPTURE(damage);
    overwrite(temp.path() / "catvox-cache", damage);
    CHECK_FALSE(get(options, cacheable(server.url("/tile"))).from_disk);
    CHECK(get(options, cacheable(server.url("/tile"))).from_disk);
  }
}

TEST_CASE("a folder that cannot be used is an error at once", "[disk_cache]") {
  const test::TempDir temp;
  const auto file = temp.write("file", "x");
  for (const auto& folder : {file, file / "cache"}) {
    const Error error = test::error_of([&] { const HttpSession session(keeping(folder)); });
    CHECK(error.code() == Errc::io);
    CHECK(error.what() == "cannot use " + folder.string() + " as disk cache: Not a directory");
  }
  CHECK_THROWS_WITH(HttpSession(HttpOptions{.disk_cache = {.folder = "x", .max_bytes = 0}}),
                    "HttpOptions: disk_cache.max_bytes must be positive");
}

TEST_CASE("reading goes on when nothing can be kept any more", "[disk_cache]") {
  test::HttpServer server;
  server.add("/tile", std::string(100'000, 'v'));
  const test::TempDir temp;
  const auto folder = temp.path() / "cache";
  const HttpSession session(keeping(folder));
  const auto reads = [&] { return session.get(cacheable(server.url("/tile"))).body.size() == 100'000; };
  SECTION("the folder has gone") {
    fs::remove_all(folder);
    for (int i = 0; i < 3; ++i) CHECK(reads());
  }
  SECTION("its folders cannot be made") {
    for (int i = 0; i < 256; ++i) {
      const char digits[] = "0123456789abcdef";
      overwrite(folder / std::string{digits[i / 16], digits[i % 16]}, "x");
    }
    for (int i = 0; i < 3; ++i) CHECK(reads());
  }
  SECTION("the disk is full") {
    // As on a full disk, write() takes a part, then fails.
    struct rlimit before {};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto handler = ::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small { 16'384, before.rlim_max };
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const bool first = reads(), second = reads();
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, handler);
    CHECK(first);
    CHECK(second);
    CHECK(files_in(folder).empty());
  }
  CHECK(server.count("/tile") >= 2);
}

TEST_CASE("a stopped process that holds the lock holds up nobody", "[disk_cache]") {
  const test::TempDir temp;
  DiskCache cache(keeping(temp.path()));
  const detail::FileDescriptor other(::open((temp.path() / "catvox-cache").c_str(), O_RDWR));
  REQUIRE(::flock(other.get(), LOCK_EX | LOCK_NB) == 0);
  const auto request = cacheable("https://tiles.example/0");
  keep(cache, request, {.status = 200}, "voxels");
  CHECK_FALSE(find(cache, request));
  ::flock(other.get(), LOCK_UN);
  DiskCache later(keeping(temp.path()));
  keep(later, request, {.status = 200}, "voxels");
  CHECK(find(later, request));
}

TEST_CASE("processes that write, evict and are killed leave nothing but whole answers", "[disk_cache]") {
  constexpr int tiles = 200;
  constexpr std::uint64_t max_bytes = 100 * 8192;  // half of the tiles
  const auto body_of = [](int i) { return std::string(static_cast<std::size_t>(5000 + i), static_cast<char>(i)); };
  test::HttpServer server;
  for (int i = 0; i < tiles; ++i) server.add("/" + std::to_string(i), body_of(i));
  const test::TempDir temp;
  const auto folder = temp.path() / "cache";
  const auto url_of = [&](int i) { return server.url("/" + std::to_string(i)); };

  const auto spawn = [&] {
    std::vector<std::string> words = {DISK_CACHE_WRITER, server.url(), std::to_string(tiles), folder.string(),
                                      std::to_string(max_bytes)};
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t pid = 0;
    if (::posix_spawn(&pid, words[0].c_str(), nullptr, nullptr, arguments.data(), environ) != 0) {
      throw std::runtime_error("cannot start " + words[0]);
    }
    return pid;
  };
  const auto kill = [](pid_t pid) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  };

  auto options = keeping(folder);
  options.disk_cache.max_bytes = max_bytes;
  DiskCache cache(options);
  int found = 0;
  const auto check_answers = [&] {
    for (int i = 0; i < tiles; ++i) {
      const auto entry = find(cache, cacheable(url_of(i)));
      if (!entry) continue;
      ++found;
      if (text(entry->body.bytes()) != body_of(i)) FAIL_CHECK("another body for " << i);
    }
  };
  const auto check_bound = [&] {
    std::uint64_t total = 0;
    for (const auto& file : files_in(folder)) {
      const bool answer = file.filename().string().find("tmp-") != 0;
      if (answer) total += (fs::file_size(file) + 4095) / 4096 * 4096;
    }
    CHECK(total <= max_bytes);
  };
  std::mt19937 random(1);
  const pid_t other = spawn();
  while (found < tiles) check_answers();
  for (int round = 0; round < 20; ++round) {
    const pid_t pid = spawn();
    std::this_thread::sleep_for(std::chrono::microseconds(15'000 + random() % 30'000));
    check_answers();  // while both write
    kill(pid);
    ::kill(other, SIGSTOP);
    ::waitpid(other, nullptr, WUNTRACED);  // it takes effect a moment later
    check_bound();
    ::kill(other, SIGCONT);
  }
  kill(other);
  check_answers();
  const HttpSession session(options);
  for (int i = 0; i < tiles; ++i) {
    if (text(session.get(cacheable(url_of(i))).body.bytes()) != body_of(i)) FAIL_CHECK("another body for " << i);
  }
}
