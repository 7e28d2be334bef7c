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

#include "bytes/read_now.hpp"
#include "kept_source.hpp"
#include "recorder.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/http_server.hpp"
#include "support/temp_dir.hpp"

extern char** environ;

using namespace catvox;
using namespace std::chrono_literals;
using detail::Digest;
using detail::DiskCache;
using detail::DiskEntry;
using detail::read_now;
using test::buffer;
using test::Recorder;
using test::text;
using Notes = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

HttpOptions keeping(const fs::path& folder) {
  HttpOptions options;
  options.threads = 1;
  options.disk_cache.folder = folder.string();
  return options;
}

// In a session of its own: when it has ended, everything is on disk.
ByteResult get(const HttpOptions& options, const std::string& url) {
  const test::KeptSource source(options, url);
  return read_now(*source, {.key = url});
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

// As DiskCacheSource names them.
Digest key_of(const DiskCache& cache, const std::string& url) { return cache.key_of(url, {}); }

void keep(DiskCache& cache, const std::string& url, std::string_view body, bool missing = false, std::int64_t age = 0) {
  DiskEntry entry;
  entry.key = key_of(cache, url);
  entry.missing = missing;
  entry.stored = detail::now_in_seconds() - age;
  entry.generation = "generation";
  entry.body = buffer(body);
  cache.store(std::move(entry));
  cache.finish();
}

std::optional<DiskEntry> find(DiskCache& cache, const std::string& url) {
  return cache.find(key_of(cache, url), 0, {});
}

}  // namespace

TEST_CASE("an answer that was kept is not asked for again, by no session", "[disk_cache]") {
  test::HttpServer server;
  server.add("/tile.jpg", "voxels", "image/jpeg");
  const test::TempDir temp;
  const std::string slash = GENERATE("", "/", "//");
  auto options = keeping(temp.path() / "new" / "cache");
  options.disk_cache.folder += slash;
  const auto url = server.url("/tile.jpg");
  const ByteResult first = get(options, url);
  CHECK(first.attempts == 1);
  CHECK_FALSE(first.from_disk);
  const ByteResult second = get(options, url);
  CHECK(second.state == ByteResult::State::present);
  CHECK(text(second.body) == "voxels");
  CHECK(second.url == url);
  CHECK(second.attempts == 0);
  CHECK(second.from_disk);
  CHECK(server.count_prefix() == 1);

  const auto mode = fs::status(temp.path() / "new" / "cache").permissions();
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
  std::string url;
  SECTION("not against the server's word") { url = server.url("/secret"); }
  SECTION("not against the word of who redirects") { url = server.url("/via"); }
  SECTION("not what may be allowed tomorrow") { url = server.url("/forbidden"); }
  SECTION("not what a password in the address opened") {
    url = "http://em:section20@127.0.0.1:" + std::to_string(server.port()) + "/tile";
  }
  for (int i = 0; i < 2; ++i) CHECK(get(options, url).attempts == 1);
  CHECK(files_in(options.disk_cache.folder).empty());
}

TEST_CASE("what a handler wants no copy of is not kept", "[disk_cache]") {
  test::HttpServer server;
  server.add("/tile", "voxels");
  const test::TempDir temp;
  const auto options = keeping(temp.path());
  for (const bool looks : {false, true}) {
    const test::KeptSource source(options);
    const auto recorder = std::make_shared<Recorder>([looks](ByteResult& result) { result.may_store = looks; });
    source->read({.key = server.url("/tile")}, recorder);
    (void)recorder->wait();
  }
  CHECK(server.count("/tile") == 2);
  CHECK(get(options, server.url("/tile")).from_disk);
}

TEST_CASE("bytes from memory are kept if that is asked for, and they decode", "[disk_cache]") {
  test::HttpServer server;
  const test::TempDir temp;
  const auto options = keeping(temp.path());
  const auto deliver = [&](const char* name, bool may_store, bool decodes) {
    const test::KeptSource source(options);
    const auto recorder = std::make_shared<Recorder>([decodes](const ByteResult&) {
      if (!decodes) throw Error(Errc::unsupported, "no image");
    });
    ByteResult known;
    known.body = buffer("voxels");
    known.may_store = may_store;
    source->deliver({.key = server.url(name)}, std::move(known), recorder);
    (void)recorder->wait();
  };
  deliver("/1", true, true);
  deliver("/2", false, true);
  deliver("/3", true, false);
  CHECK(files_in(temp.path()).size() == 1);
  const ByteResult kept = get(options, server.url("/1"));
  CHECK(kept.from_disk);
  CHECK(text(kept.body) == "voxels");
  CHECK(server.requests().empty());
}

TEST_CASE("a read past caches is answered by the server", "[disk_cache]") {
  test::HttpServer server;
  server.add("/tile", "voxels");
  const test::TempDir temp;
  const auto options = keeping(temp.path());
  (void)get(options, server.url("/tile"));
  const test::KeptSource source(options);
  const ByteResult result = read_now(*source, {.key = server.url("/tile"), .past_caches = true});
  CHECK(result.attempts == 1);
  CHECK_FALSE(result.from_disk);
  CHECK(server.count("/tile") == 2);
  CHECK(server.requests().back().header("cache-control") == "no-cache");
}

TEST_CASE("a part of an object is kept apart from others", "[disk_cache]") {
  test::HttpServer server;
  server.add("/shard", "0123456789");
  const test::TempDir temp;
  for (int i = 0; i < 2; ++i) {
    const test::KeptSource source(keeping(temp.path()));
    const auto part = [&](std::uint64_t begin, std::uint64_t size) {
      return text(read_now(*source, {.key = server.url("/shard"), .range = ByteRange{begin, size}}).body);
    };
    CHECK(part(0, 3) == "012");
    CHECK(part(0, 4) == "0123");
    CHECK(part(8, 9) == "89");
    CHECK(text(read_now(*source, {.key = server.url("/shard")}).body) == "0123456789");
    CHECK(server.count("/shard") == 4);
  }
}

TEST_CASE("requests that differ in anything that is sent have answers of their own", "[disk_cache]") {
  test::HttpServer server;
  server.add("/1.jpg", [](const test::Received& received) {
    return test::Answer{.body = received.target() + received.header("authorization")};
  });
  const test::TempDir temp;
  std::vector<HttpOptions> sessions(4, keeping(temp.path()));
  sessions[1].basic_auth = BasicAuth{"em", "section20"};
  sessions[2].basic_auth = BasicAuth{"em", "section21"};
  sessions[3].client_certificate = temp.write("client.pem", "certificate").string();
  std::size_t answers = 0;
  for (const auto& options : sessions) {
    for (const char* target : {"/1.jpg", "/1.jpg?token=a", "/1.jpg?token=b"}) {
      CHECK_FALSE(get(options, server.url(target)).from_disk);
      ++answers;
    }
  }
  CHECK(files_in(temp.path()).size() == answers + 1);  // and the certificate
  for (const auto& options : sessions) CHECK(get(options, server.url("/1.jpg")).from_disk);
}

TEST_CASE("what secrets opened is given to who has them, and they are not on disk", "[disk_cache]") {
  test::HttpServer server;
  server.protect("/", "em", "section20");
  server.add("/tile", "voxels");
  const test::TempDir temp;
  auto options = keeping(temp.path());
  options.retry.max_attempts = 1;
  const auto url = server.url("/tile?signature=c0ffee11");
  auto authorized = options;
  authorized.basic_auth = BasicAuth{"em", "section20"};
  authorized.headers = {{"X-Authorization", "Token t0psecret"}};
  CHECK(text(get(authorized, url).body) == "voxels");
  CHECK(get(authorized, url).from_disk);
  CHECK(test::error_of([&] { get(options, url); }).code() == Errc::unauthorized);
  auto wrong = authorized;
  wrong.basic_auth->password = "section21";
  CHECK(test::error_of([&] { get(wrong, url); }).code() == Errc::unauthorized);

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
  const auto url = server.url("/tile");
  CHECK(get(options, url).attempts == 1);

  const ByteResult confirmed = get(options, url);
  CHECK(confirmed.state == ByteResult::State::present);
  CHECK(text(confirmed.body) == "voxels of " + value);
  CHECK(confirmed.from_disk);
  CHECK(confirmed.attempts == 1);
  {
    const std::lock_guard lock(mutex);
    current = header == "ETag" ? "\"v2\"" : "Thu, 22 Oct 2015 07:28:00 GMT";
  }
  const ByteResult changed = get(options, url);
  CHECK(text(changed.body) == "voxels of " + current);
  CHECK_FALSE(changed.from_disk);
  options.disk_cache.revalidate = false;
  const ByteResult kept = get(options, url);
  CHECK(text(kept.body) == "voxels of " + current);
  CHECK(kept.attempts == 0);
  CHECK(server.count("/tile") == 3);
}

TEST_CASE("a confirmed body that has gone meanwhile, or does not decode, is asked for again", "[disk_cache]") {
  test::HttpServer server;
  const test::TempDir temp;
  auto options = keeping(temp.path());
  options.disk_cache.revalidate = true;
  std::atomic<bool> remove = false;
  server.add("/tile", [&](const test::Received& received) {
    if (received.header("if-none-match").empty()) return test::Answer{.body = "voxels", .headers = {{"ETag", "\"v\""}}};
    if (remove) {
      for (const auto& file : files_in(temp.path())) fs::remove(file);
    }
    return test::Answer{.status = 304};
  });
  (void)get(options, server.url("/tile"));
  SECTION("gone") {
    remove = true;
    CHECK(text(get(options, server.url("/tile")).body) == "voxels");
  }
  SECTION("not decoded") {
    const test::KeptSource source(options);
    const auto recorder = std::make_shared<Recorder>([](const ByteResult& result) {
      if (result.from_disk) throw Error(Errc::corrupt_data, "no image");
    });
    source->read({.key = server.url("/tile")}, recorder);
    CHECK(recorder->wait() == Notes{"voxels", "voxels"});
  }
  CHECK(server.count("/tile") == 3);
}

TEST_CASE("a body that cannot be confirmed is asked for again", "[disk_cache]") {
  test::HttpServer server;
  server.add("/tile", "voxels");  // neither ETag nor Last-Modified
  const test::TempDir temp;
  auto options = keeping(temp.path());
  options.disk_cache.revalidate = true;
  for (int i = 0; i < 2; ++i) CHECK_FALSE(get(options, server.url("/tile")).from_disk);
}

TEST_CASE("that there is nothing is believed for its lifetime", "[disk_cache]") {
  test::HttpServer server;
  server.add("/gone", test::Answer{.status = 410});
  server.add("/empty", test::Answer{.status = 204});
  const test::TempDir temp;
  auto options = keeping(temp.path());
  for (const char* path : {"/none", "/gone", "/empty"}) {
    CAPTURE(path);
    CHECK(get(options, server.url(path)).attempts == 1);
    const ByteResult again = get(options, server.url(path));
    CHECK(again.missing());
    CHECK(again.from_disk);
    CHECK(again.body.size() == 0);
  }
  options.disk_cache.missing_lifetime = 0s;
  CHECK_FALSE(get(options, server.url("/none")).from_disk);

  options.disk_cache.missing_lifetime = 1h;
  DiskCache cache(options);
  const auto [missing, age, found] = GENERATE(table<bool, std::int64_t, bool>({
      {true, 3590, true},
      {true, 3600, false},
      {true, -60, false},  // of a clock that was wrong
      {false, 360'000, true},
  }));
  CAPTURE(missing, age);
  keep(cache, "https://tiles.example/0.jpg", "", missing, age);
  CHECK(find(cache, "https://tiles.example/0.jpg").has_value() == found);
}

TEST_CASE("what does not decode is not kept, and what is kept but does not decode is replaced", "[disk_cache]") {
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
  const auto decode = [&](const std::string& wanted, const char* path = "/tile") {
    const test::KeptSource source(options);
    std::string log;
    const auto recorder = std::make_shared<Recorder>([&](const ByteResult& result) {
      log += text(result.body) + (result.from_disk ? " from disk; " : "; ");
      if (text(result.body) != wanted) throw Error(Errc::corrupt_data, "not decoded");
    });
    source->read({.key = server.url(path)}, recorder);
    const auto last = recorder->wait().back();
    return log + (last.starts_with("error") ? last : "");
  };
  CHECK(decode("good", "/hopeless") == "bad; bad; error: not decoded");
  CHECK(files_in(temp.path()).empty());
  CHECK(decode("good") == "bad; good; ");
  CHECK(past_caches);
  CHECK(decode("good") == "good from disk; ");
  CHECK(decode("bad") == "good from disk; bad; ");
  CHECK(decode("bad") == "bad from disk; ");
  CHECK(decode("none") == "bad from disk; bad; bad; error: not decoded");
  CHECK(files_in(temp.path()).size() == 1);
}

TEST_CASE("a file that is not to the bit what was written is not there", "[disk_cache]") {
  const test::TempDir temp;
  DiskCache cache(keeping(temp.path()));
  const std::string request = "https://tiles.example/0.jpg";
  const auto keep_one = [&] { keep(cache, request, "voxels", false, detail::now_in_seconds() - 7); };
  keep_one();
  const auto entry = find(cache, request);
  REQUIRE(entry);
  CHECK_FALSE(entry->missing);
  CHECK(entry->stored == 7);
  CHECK(entry->generation == "generation");
  CHECK(text(entry->body) == "voxels");

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
  keep(cache, "https://tiles.example/1.jpg", "other");
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
  const std::string request = "https://tiles.example/0.jpg";
  {
    DiskCache cache(options);
    keep(cache, request, std::string(1001, 'v'));
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
  const auto request = [](int i) { return "https://tiles.example/" + std::to_string(i); };
  DiskCache cache(options);
  for (int i = 0; i < 10; ++i) {
    keep(cache, request(i), "voxels");
    for (const auto& file : files_in(temp.path())) {  // of hours ago, the first the oldest
      fs::last_write_time(file, fs::last_write_time(file) - 1h);
    }
  }
  CHECK(files_in(temp.path()).size() == 10);
  CHECK(find(cache, request(0)));  // now it is the youngest

  keep(cache, request(10), "voxels");
  CHECK(files_in(temp.path()).size() == 10);
  for (int i = 0; i <= 10; ++i) {
    CAPTURE(i);
    CHECK(find(cache, request(i)).has_value() == (i != 1));
  }
  keep(cache, request(11), std::string(4 * 4096, 'v'));
  CHECK(find(cache, request(11)));
  CHECK(files_in(temp.path()).size() == 6);
  keep(cache, request(12), std::string(10 * 4096, 'v'));  // with its head, too large
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
  keep(cache, "https://tiles.example/0", "voxels");
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
    CHECK_FALSE(get(options, server.url("/tile")).from_disk);
    CHECK(get(options, server.url("/tile")).from_disk);
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

TEST_CASE("a folder that others may write is refused", "[disk_cache]") {
  const test::TempDir temp;
  const auto folder = temp.path() / "cache";
  fs::create_directory(folder);
  const auto refusal = [](const fs::path& path) {
    const Error error = test::error_of([&] { const HttpSession session(keeping(path)); });
    CHECK(error.code() == Errc::io);
    return std::string(error.what());
  };
  REQUIRE(::chmod(folder.c_str(), 0777) == 0);
  CHECK(refusal(folder) ==
        "cannot use " + folder.string() + " as disk cache: every user may write it (chmod o-w, or name another)");
  REQUIRE(::chmod(folder.c_str(), 0755) == 0);
  CHECK_NOTHROW(HttpSession(keeping(folder)));
  const bool root = ::geteuid() == 0;
  if (root) REQUIRE(::chown(folder.c_str(), 65534, 65534) == 0);
  const fs::path foreign = root ? folder : fs::path("/usr");
  CHECK(refusal(foreign) == "cannot use " + foreign.string() + " as disk cache: it belongs to another user");
}

TEST_CASE("no symbolic link below the folder is followed, and nothing of others is removed", "[disk_cache]") {
  const test::TempDir temp;
  const auto folder = temp.path() / "cache";
  const std::string name(30, 'a');  // as answers are called
  const auto old = [](const fs::path& file) { fs::last_write_time(file, fs::last_write_time(file) - 1000h); };
  auto options = keeping(folder);
  options.disk_cache.max_bytes = 200'000;
  DiskCache cache(options);
  const auto url = [](int i) { return "https://tiles.example/" + std::to_string(i); };
  const auto fill = [&] {
    for (int i = 0; i < 200; ++i) keep(cache, url(i), "voxels");
  };
  SECTION("links at the answers' folders") {
    const auto target = temp.write("other/" + name, "foreign").parent_path();
    temp.write("other/tmp-abcdef", "foreign");
    old(target / name);
    old(target / "tmp-abcdef");
    for (int i = 0; i < 256; ++i) {
      const char digits[] = "0123456789abcdef";
      fs::create_directory_symlink(target, folder / std::string{digits[i / 16], digits[i % 16]});
    }
    fill();
    CHECK(std::distance(fs::directory_iterator(target), fs::directory_iterator()) == 2);
    CHECK(content_of(target / name) == "foreign");
  }
  SECTION("links and foreign files among the answers") {
    const auto target = temp.write("other", "foreign");
    const auto foreign = temp.write("cache/aa/" + name, "foreign");
    fs::create_symlink(target, folder / "aa" / std::string(30, 'b'));
    old(foreign);
    old(target);
    fill();
    CHECK(content_of(foreign) == "foreign");
    CHECK(content_of(target) == "foreign");
    CHECK(files_in(folder).size() < 60);  // what is the cache's was removed
  }
}

TEST_CASE("a folder at an answer's name is in the way of that answer only", "[disk_cache]") {
  const test::TempDir temp;
  DiskCache cache(keeping(temp.path()));
  keep(cache, "https://tiles.example/0", "voxels");
  REQUIRE(files_in(temp.path()).size() == 1);
  const auto file = files_in(temp.path())[0];
  fs::remove(file);
  fs::create_directories(file / "more");
  keep(cache, "https://tiles.example/0", "voxels");
  CHECK_FALSE(find(cache, "https://tiles.example/0"));
  keep(cache, "https://tiles.example/1", "voxels");
  CHECK(find(cache, "https://tiles.example/1"));
  CHECK(files_in(temp.path()).size() == 1);  // nothing half-written
}

TEST_CASE("reading goes on when nothing can be kept any more", "[disk_cache]") {
  test::HttpServer server;
  server.add("/tile", std::string(100'000, 'v'));
  const test::TempDir temp;
  const auto folder = temp.path() / "cache";
  const test::KeptSource source(keeping(folder));
  const auto reads = [&] {
    const bool read = read_now(*source, {.key = server.url("/tile")}).body.size() == 100'000;
    source.cache().finish();
    return read;
  };
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
  const std::string request = "https://tiles.example/0";
  keep(cache, request, "voxels");
  CHECK_FALSE(find(cache, request));
  ::flock(other.get(), LOCK_UN);
  DiskCache later(keeping(temp.path()));
  keep(later, request, "voxels");
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
      const auto entry = find(cache, url_of(i));
      if (!entry) continue;
      ++found;
      if (text(entry->body) != body_of(i)) FAIL_CHECK("another body for " << i);
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
  const test::KeptSource source(options);
  for (int i = 0; i < tiles; ++i) {
    if (text(read_now(*source, {.key = url_of(i)}).body) != body_of(i)) FAIL_CHECK("another body for " << i);
  }
}
