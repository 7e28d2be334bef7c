#include "http/transfer.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <new>
#include <utility>

#include "http/header_line.hpp"
#include "http/receive.hpp"
#include "http/url_parts.hpp"

namespace catvox::detail {
namespace {

constexpr std::chrono::hours longest_timeout{24 * 20};  // libcurl counts milliseconds in 31 bits
constexpr long receive_buffer_bytes = 64 * 1024;        // 4 KiB costs half as much CPU again, 128 KiB too

}  // namespace

int status_of(const Transfer& transfer) {
  long status = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

Easy make_easy(const HttpOptions& options, CURLSH* share) {
  Easy owner(curl_easy_init());
  if (!owner) throw std::bad_alloc();
  CURL* easy = owner.get();
  const auto set_text = [easy](CURLoption option, const std::string& text) {
    if (!text.empty()) curl_easy_setopt(easy, option, text.c_str());
  };
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // follow_redirect decides what goes along
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, options.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_SHARE, share);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, receive_buffer_bytes);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options.verify_tls ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options.verify_tls ? 2L : 0L);
  set_text(CURLOPT_USERAGENT, options.user_agent);
  set_text(CURLOPT_PROXY, options.proxy);
  set_text(CURLOPT_CAINFO, options.ca_file);
  set_text(CURLOPT_SSLCERT, options.client_certificate);
  set_text(CURLOPT_SSLKEY, options.client_key);
  return owner;
}

void prepare(Transfer& transfer) {
  transfer.url = encode_url(transfer.url);
  transfer.curl_message[0] = '\0';
  transfer.headers.reset();
  const auto add_header = [&](const std::string& name, const std::string& value) {
    curl_slist* longer = curl_slist_append(transfer.headers.get(), (name + ": " + value).c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)transfer.headers.release();
    transfer.headers.reset(longer);
  };
  for (const auto& header : transfer.request.headers) {
    require_header(header);
    add_header(header.name, header.value);
  }
  if (transfer.request.range) {
    const auto [begin, size] = *transfer.request.range;
    add_header("Range", "bytes=" + std::to_string(begin) + "-" + std::to_string(begin + (size - 1)));
    add_header("Accept-Encoding", "identity");  // a part of what was compressed would be of no use
  }
  if (transfer.request.past_caches) {
    add_header("Cache-Control", "no-cache");
    add_header("Pragma", "no-cache");
  }
  transfer.response.secrets_sent.clear();
  transfer.response.secrets_withheld.clear();
  if (const auto& credentials = transfer.request.credentials; credentials != nullptr) {
    for (const auto& header : credentials->headers_for(transfer.url)) add_header(header.name, header.value);
    if (credentials->may_go_to(transfer.url)) {
      transfer.response.secrets_sent = credentials->names();
    } else if (credentials->may_go_to(transfer.request.url)) {
      transfer.response.secrets_withheld = credentials->names();
    }
  }

  CURL* easy = transfer.easy.get();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.curl_message.data());
  curl_easy_setopt(easy, CURLOPT_URL, transfer.url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  receive_into(transfer);
  // The first connection to a host tells whether it will carry streams: waiting for that spares the others' handshakes.
  // With http: there is nothing to learn, but libcurl would wait, too.
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, scheme_of(transfer.url) == "https" ? 1L : 0L);
  curl_easy_setopt(
      easy, CURLOPT_TIMEOUT_MS,
      static_cast<long>(std::min<std::chrono::milliseconds>(transfer.request.timeout, longest_timeout).count()));
}

}  // namespace catvox::detail
