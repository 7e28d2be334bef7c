// Answers in codings, over a real connection, through both ways in: a byte source, and HttpSession::get().

#include <catvox/http/session.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "bytes/http_source.hpp"
#include "bytes/read_now.hpp"
#include "coded_bodies.hpp"
#include "recorder.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/http_server.hpp"

using namespace catvox;
using namespace catvox::test;

namespace {

constexpr std::size_t limit = 50'000;

// A server and a session that asks twice.
struct Coded {
  void serve(const std::string& body, const std::vector<std::string>& encodings, int status = 200) {
    Answer answer{.status = status, .body = body};
    for (const auto& encoding : encodings) answer.headers.emplace("Content-Encoding", encoding);
    server.add("/object", answer);
  }

  [[nodiscard]] std::string url() const { return server.url("/object"); }

  [[nodiscard]] Response get() const { return session.get({.url = url()}); }

  [[nodiscard]] ByteResult read(ByteRequest request = {}) const {
    const auto source = detail::make_http_source({.transport = session.transport(), .max_bytes = limit});
    request.key = url();
    return detail::read_now(*source, std::move(request));
  }

  HttpServer server;
  HttpSession session{HttpOptions{.threads = 1,
                                  .retry = {.max_attempts = 2, .initial_delay = std::chrono::milliseconds(1)},
                                  .max_body_bytes = limit}};
};

}  // namespace

TEST_CASE("codings of answers are undone", "[content_encoding]") {
  struct Case {
    std::string body;
    std::vector<std::string> encodings;
  };
  const auto [body, encodings] = GENERATE(values<Case>({{coded_gzip, {"gzip"}},
                                                        {coded_gzip, {"X-GZip"}},
                                                        {coded_zlib, {"deflate"}},
                                                        {coded_deflate, {"deflate"}},
                                                        {coded_br, {"br"}},
                                                        {coded_gzip_br, {"gzip, br"}},
                                                        {coded_gzip_br, {"gzip", "br"}},
                                                        {coded_gzip_br, {" gzip ,identity,, BR "}},
                                                        {coded_gzip, {"gzip,aws-chunked"}},
                                                        {coded_gzip, {"aws-chunked, gzip"}},
                                                        {plain, {}},
                                                        {plain, {"identity"}},
                                                        {plain, {"aws-chunked"}},
                                                        {plain, {"Aws-Chunked, identity"}}}));
  CAPTURE(encodings);
  Coded coded;
  coded.serve(body, encodings);
  CHECK(text(coded.read().body) == plain);
  const Response response = coded.get();
  CHECK(text(response.body) == plain);
  CHECK(response.content_encoding.empty());
  CHECK(coded.server.count("/object") == 2);
}

TEST_CASE("a gzip stream of several members is read to its end", "[content_encoding]") {
  Coded coded;
  coded.serve(coded_gzip + coded_gzip, {"gzip"});
  CHECK(text(coded.read().body) == plain + plain);
}

TEST_CASE("a decoded body may be as large as the limit, and no larger", "[content_encoding]") {
  Coded coded;
  const auto [body, encoding] =
      GENERATE(table<std::string, std::string>({{coded_gzip, "gzip"}, {coded_zlib, "deflate"}, {coded_br, "br"}}));
  CAPTURE(encoding);
  coded.serve(body, {encoding});
  CHECK(text(coded.read({.max_bytes = plain.size()}).body) == plain);
  const Error error = error_of([&] { (void)coded.read({.max_bytes = plain.size() - 1}); });
  CHECK(error.code() == Errc::too_large);
  CHECK(error.what() ==
        "Content-Encoding " + encoding + ": more than the limit of " + std::to_string(plain.size() - 1) + " bytes");
}

TEST_CASE("codings that cannot be undone are errors that say why", "[content_encoding]") {
  struct Case {
    std::string body;
    std::string encoding;
    Errc code;
    std::string message;
  };
  const auto cut = [](const std::string& body) { return body.substr(0, body.size() - 1); };
  const auto spoilt = [](std::string body) {
    body[body.size() / 2] = static_cast<char>(body[body.size() / 2] ^ 0x55);
    return body;
  };
  const std::string over = ": more than the limit of 50000 bytes";
  const auto [body, encoding, code, message] = GENERATE_COPY(values<Case>(
      {{plain, "zstd", Errc::unsupported, "Content-Encoding \"zstd\" is not read"},
       {coded_gzip, "gzip, x\"\x1b", Errc::unsupported, R"(Content-Encoding "x\"\x1b" is not read)"},
       {plain, "br, br, br, br, br", Errc::unsupported, "Content-Encoding of more than 4 codings is not read"},
       {plain, "gzip", Errc::corrupt_data, "Content-Encoding gzip: damaged or cut short"},
       {plain, "br", Errc::corrupt_data, "Content-Encoding br: damaged or cut short"},
       {"", "gzip", Errc::corrupt_data, "Content-Encoding gzip: damaged or cut short"},
       {"", "deflate", Errc::corrupt_data, "Content-Encoding deflate: damaged or cut short"},
       {"", "br", Errc::corrupt_data, "Content-Encoding br: damaged or cut short"},
       {cut(coded_gzip), "gzip", Errc::corrupt_data, "Content-Encoding gzip: damaged or cut short"},
       {cut(coded_zlib), "deflate", Errc::corrupt_data, "Content-Encoding deflate: damaged or cut short"},
       {cut(coded_deflate), "deflate", Errc::corrupt_data, "Content-Encoding deflate: damaged or cut short"},
       {cut(coded_br), "br", Errc::corrupt_data, "Content-Encoding br: damaged or cut short"},
       {spoilt(coded_gzip), "gzip", Errc::corrupt_data, "Content-Encoding gzip: damaged or cut short"},
       {spoilt(coded_zlib), "deflate", Errc::corrupt_data, "Content-Encoding deflate: damaged or cut short"},
       {coded_gzip + "x", "gzip", Errc::corrupt_data, "Content-Encoding gzip: damaged or cut short"},
       {coded_zlib + "x", "deflate", Errc::corrupt_data, "Content-Encoding deflate: bytes follow the stream"},
       {coded_br + "x", "br", Errc::corrupt_data, "Content-Encoding br: bytes follow the stream"},
       {zeros_gzip_gzip, "gzip, gzip", Errc::too_large, "Content-Encoding gzip" + over},
       {zeros_deflate_gzip, "deflate, gzip", Errc::too_large, "Content-Encoding deflate" + over},
       {zeros_br, "br", Errc::too_large, "Content-Encoding br" + over}}));
  CAPTURE(encoding);
  Coded coded;
  coded.serve(body, {encoding});
  for (const bool session : {false, true}) {
    const Error error = error_of([&] { session ? (void)coded.get() : (void)coded.read(); });
    CHECK(error.code() == code);
    CHECK(error.what() == message);
    CHECK(error.context().url == coded.url());
  }
  CHECK(coded.server.count("/object") == (code == Errc::corrupt_data ? 4 : 2));  // it may have been spoilt on the way
}

TEST_CASE("a part of a coded object is refused", "[content_encoding]") {
  Coded coded;
  coded.server.set_cuts_ranges(GENERATE(true, false));
  coded.serve(coded_gzip, {"gzip"});
  const ByteRequest part{.range = ByteRange{2, 10}};
  const Error error = error_of([&] { (void)coded.read(part); });
  CHECK(error.code() == Errc::corrupt_data);
  CHECK(error.what() == std::string("Content-Encoding gzip: a part of a coded object cannot be decoded"));
  coded.serve(plain, {"aws-chunked"});
  CHECK(text(coded.read(part).body) == plain.substr(2, 10));
}

TEST_CASE("the coding of an error's page does not hide the error", "[content_encoding]") {
  Coded coded;
  coded.serve(coded_gzip, {"gzip"}, 400);
  CHECK(text(coded.get().body) == plain);
  coded.serve("half a page", {"zstd"}, 400);
  CHECK(coded.get().status == 400);
  CHECK(coded.get().body.size() == 0);
  CHECK(error_of([&] { (void)coded.read(); }).what() == std::string("HTTP 400"));
  coded.serve("half a page", {"zstd"}, 404);
  CHECK(coded.read().missing());
}
