#include "http/url_parts.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <catvox/core/error.hpp>
#include <catvox/core/redact.hpp>
#include <charconv>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>

// Addresses as a browser has them: the URL parser of https://url.spec.whatwg.org, for the schemes that are fetched.
// How an address falls into parts, and what of it is encoded, stands here, as libcurl's parser takes less (no "\", no
// "%2e", no blanks) and encodes less. Hosts and ports are libcurl's: what it will connect to is what a credential is
// bound to.
//
// Not as in a browser: host names must be ASCII (libcurl's conversion depends on the locale), "file:///C|/" is no drive,
// and "[::ffff:1.2.3.4]" keeps its last four numbers.

namespace catvox {
namespace {

using std::string_view;

constexpr string_view hex_digits = "0123456789ABCDEF";

// What is encoded beside controls, blanks and non-ASCII bytes.
constexpr string_view path_set = "\"<>`{}";
constexpr string_view query_set = "\"<>'";
constexpr string_view fragment_set = "\"<>`";
constexpr string_view user_set = "\"<>`{}/:;=@[\\]^|";

struct CurlUrlDeleter {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

// An absolute address. Serialised, it is the parts one after the other.
struct Address {
  std::string scheme;    // lower case
  std::string user;      // encoded, with its "@"
  std::string host;      // lower case, with ":" and the port where it is not the scheme's own
  std::string path;      // from its first "/"
  std::string query;     // from its "?"
  std::string fragment;  // from its "#"
  int port = 0;

  [[nodiscard]] std::string text() const { return scheme + "://" + user + host + path + query + fragment; }
};

[[noreturn]] void refuse(const char* why, string_view url) {
  throw Error(Errc::invalid_argument, why + redact_url(url));
}

bool is_slash(char c) { return c == '/' || c == '\\'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
bool is_fetched(string_view scheme) { return scheme == "http" || scheme == "https" || scheme == "file"; }

std::optional<int> hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return std::nullopt;
}

std::string percent_decode(string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : std::nullopt;
    const auto low = high ? hex_value(text[i + 2]) : std::nullopt;
    if (high && low) {
      result += static_cast<char>(*high * 16 + *low);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

void append_encoded(std::string& out, string_view text, string_view set) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte >= 0x7f || set.find(c) != string_view::npos) {
      out += {'%', hex_digits[byte >> 4], hex_digits[byte & 15]};
    } else {
      out += c;
    }
  }
}

// Blanks and controls around an address, and tabs and line breaks within, are no part of it.
std::string without_blanks(string_view url) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  const auto* const begin = std::find_if_not(url.begin(), url.end(), is_blank);
  const auto end = std::find_if_not(url.rbegin(), std::make_reverse_iterator(begin), is_blank).base();
  std::string result(begin, end);
  std::erase_if(result, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  return result;
}

std::string stripped(string_view url) {
  if (url.find('\0') != string_view::npos) refuse("a NUL in the URL ", url);
  return without_blanks(url);
}

// Takes "scheme:" off `rest`; empty if there is none.
std::string take_scheme(string_view& rest) {
  const auto is_letter = [](char c) { return lower(c) >= 'a' && lower(c) <= 'z'; };
  const auto* const colon = std::find_if_not(rest.begin(), rest.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
  if (colon == rest.end() || *colon != ':' || !is_letter(rest.front())) return {};
  std::string scheme(rest.begin(), colon);
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), lower);
  rest.remove_prefix(scheme.size() + 1);
  return scheme;
}

// Host and port as libcurl understands them.
void set_host(Address& address, string_view text, string_view url) {
  if (address.scheme == "file") {
    address.host = text == "localhost" ? string_view() : text;
    return;
  }
  const auto colon = text.find(':', text.starts_with('[') ? text.find(']') : 0);
  if (text.empty() || colon == 0) refuse("no host in ", url);
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    refuse("a host name that is not ASCII (it can be written as \"xn--…\") in ", url);
  }
  const std::unique_ptr<CURLU, CurlUrlDeleter> handle(curl_url());
  if (!handle) throw std::bad_alloc();
  const auto plain = address.scheme + "://" + std::string(text) + "/";
  const CURLUcode code = curl_url_set(handle.get(), CURLUPART_URL, plain.c_str(), 0);
  if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code == CURLUE_BAD_PORT_NUMBER) refuse("not a port number in ", url);
  const auto part = [&](CURLUPart which, unsigned flags) {
    char* value = nullptr;
    if (curl_url_get(handle.get(), which, &value, flags) != CURLUE_OK) return std::string();
    std::string result(value);
    curl_free(value);
    return result;
  };
  if (code == CURLUE_OK) address.host = part(CURLUPART_HOST, 0);
  if (address.host.empty() || address.host.find_first_of("%|") != std::string::npos) refuse("not a host name in ", url);
  std::transform(address.host.begin(), address.host.end(), address.host.begin(), lower);
  const auto port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (const auto other = part(CURLUPART_PORT, CURLU_NO_DEFAULT_PORT); !other.empty()) address.host += ":" + other;
}

void set_authority(Address& address, string_view text, string_view url) {
  if (const auto at = text.rfind('@'); at != string_view::npos) {
    const auto user = text.substr(0, at);
    const auto colon = std::min(user.find(':'), user.size());
    address.user = detail::percent_encode(user.substr(0, colon), user_set);
    if (colon + 1 < user.size()) address.user += ":" + detail::percent_encode(user.substr(colon + 1), user_set);
    if (!address.user.empty()) address.user += "@";
    text.remove_prefix(at + 1);
    if (text.empty()) refuse("no host in ", url);
  }
  set_host(address, text, url);
}

// "." is 1, ".." is 2, anything else 0; either dot may be encoded.
int dots_of(string_view segment) {
  int dots = 0;
  while (!segment.empty()) {
    const bool plain = segment.front() == '.';
    if (!plain && (segment.size() < 3 || !segment.starts_with("%2") || lower(segment[2]) != 'e')) return 0;
    segment.remove_prefix(plain ? 1 : 3);
    if (++dots > 2) return 0;
  }
  return dots;
}

// The absolute path to which a path's dot segments lead.
std::string walked(string_view path) {
  std::string result;
  while (true) {
    const auto end = std::min(path.find_first_of("/\\"), path.size());
    const bool last = end == path.size();
    const int dots = dots_of(path.substr(0, end));
    if (dots == 2 && !result.empty()) result.resize(result.rfind('/'));
    if (dots == 0 || last) result += '/';
    if (dots == 0) append_encoded(result, path.substr(0, end), path_set);
    if (last) return result;
    path.remove_prefix(end + 1);
  }
}

// The address that `text`, which was stripped, has in a document at `base`.
Address parse(string_view text, const Address* base, string_view url) {
  string_view rest = text;
  Address address;
  address.scheme = take_scheme(rest);
  const bool absolute = !address.scheme.empty();
  if (absolute ? !is_fetched(address.scheme) : base == nullptr) {
    refuse("not an absolute http:, https: or file: URL: ", url);
  }
  if (!absolute) address.scheme = base->scheme;
  if (base != nullptr && base->scheme != address.scheme) base = nullptr;  // nothing is taken over from it

  const auto fragment = std::min(rest.find('#'), rest.size());
  address.fragment = detail::percent_encode(rest.substr(fragment), fragment_set);
  rest = rest.substr(0, fragment);
  const auto query = std::min(rest.find('?'), rest.size());
  address.query = detail::percent_encode(rest.substr(query), query_set);
  rest = rest.substr(0, query);

  const auto slashes = std::min(rest.find_first_not_of("/\\"), rest.size());
  const bool file = address.scheme == "file";
  if (slashes >= 2 || (base == nullptr && !file)) {
    rest.remove_prefix(file ? 2 : slashes);
    const auto end = std::min(rest.find_first_of("/\\"), rest.size());
    set_authority(address, rest.substr(0, end), url);
    rest.remove_prefix(end);
  } else if (base != nullptr) {
    address.user = base->user;
    address.host = base->host;
    address.port = base->port;
    if (rest.empty()) {
      address.path = base->path;
      if (query == fragment) address.query = base->query;
      return address;
    }
    if (slashes == 0) {
      address.path = walked(base->path.substr(1, base->path.rfind('/')) + std::string(rest));
      return address;
    }
  }
  if (!rest.empty() && is_slash(rest.front())) rest.remove_prefix(1);
  address.path = walked(rest);
  return address;
}

Address parse(string_view url) { return parse(stripped(url), nullptr, url); }

// Whether a browser would leave an absolute address as it is, but for how it writes an IP address. Tiles' addresses
// mostly are like that, and there are many.
bool is_plain(string_view url) {
  constexpr auto plain = [] {
    std::array<bool, 256> table{};
    for (int c = '!'; c < 0x7f; ++c) table[static_cast<std::size_t>(c)] = true;
    for (const char c : string_view("\"<>`{}'\\#")) table[static_cast<unsigned char>(c)] = false;
    return table;
  }();
  const std::size_t begin = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  const std::size_t end = url.find('/', begin);
  if (begin == 0 || end == string_view::npos) return false;
  const string_view host = url.substr(begin, end - begin);
  const string_view path = url.substr(end);
  const string_view name = host.substr(0, host.find(':'));
  const string_view port = host.substr(name.size());  // with its colon
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto in_name = [&](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.'; };
  const bool has_port = port.size() > 1 && std::all_of(port.begin() + 1, port.end(), is_digit) &&
                        (port.size() < 6 || (port.size() == 6 && port <= ":65535"));
  return !name.empty() && std::all_of(name.begin(), name.end(), in_name) && (port.empty() || has_port) &&
         std::all_of(path.begin(), path.end(), [&](char c) { return plain[static_cast<unsigned char>(c)]; }) &&
         path.find("/.") == string_view::npos && path.find("%2e") == string_view::npos &&
         path.find("%2E") == string_view::npos;
}

}  // namespace

std::string detail::scheme_of(string_view url) {
  string_view rest = url;
  if (auto scheme = take_scheme(rest); !scheme.empty()) return scheme;
  const std::string text = without_blanks(url);
  rest = text;
  return take_scheme(rest);
}

Origin origin_of(string_view url) {
  const Address address = parse(url);
  const auto port = address.host.find(':', address.host.starts_with('[') ? address.host.find(']') : 0);
  return {address.scheme, address.host.substr(0, port), address.port};
}

std::string detail::resolve_url(string_view base, string_view reference) {
  const std::string text = stripped(reference);
  string_view rest = text;
  const auto scheme = take_scheme(rest);
  if (!scheme.empty() && !is_fetched(scheme)) return text;
  if (base.empty()) return parse(text, nullptr, reference).text();
  const Address document = parse(base);
  return parse(text, &document, reference).text();
}

std::string detail::resolve_prefix(string_view base, string_view reference) {
  const std::string text = stripped(reference);
  // "..", or a host alone, would go on in what is appended.
  std::string alone = detail::resolve_url(base, text);
  std::string url = detail::resolve_url(base, text + "0");
  if (url.back() != '0') return alone;
  url.pop_back();
  return url;
}

std::string encode_url(string_view url) { return is_plain(url) ? std::string(url) : parse(url).text(); }

std::string detail::encode_url_tail(string_view url, string_view tail) {
  const auto has = [url](char c) { return url.find(c) != string_view::npos; };
  const std::string before = has('#') ? "http://h/#" : has('?') ? "http://h/?" : "http://h/0";
  const std::string whole = encode_url(before + std::string(tail));
  return whole.starts_with(before) ? whole.substr(before.size()) : std::string(tail);
}

std::string detail::percent_encode(string_view text, string_view set) {
  std::string result;
  append_encoded(result, text, set);
  return result;
}

detail::UrlUser detail::split_user(string_view url) {
  try {
    Address address = parse(url);
    if (address.user.empty()) return {std::string(url), {}, {}};
    const string_view user = string_view(address.user).substr(0, address.user.rfind('@'));
    const auto colon = std::min(user.find(':'), user.size());
    UrlUser result{
        {}, percent_decode(user.substr(0, colon)), percent_decode(user.substr(std::min(colon + 1, user.size())))};
    address.user.clear();
    result.url = address.text();
    return result;
  } catch (const Error&) {
    return {std::string(url), {}, {}};
  }
}

std::string file_url(string_view path) {
  return "file://" +
         detail::percent_encode(std::filesystem::absolute(path).lexically_normal().string(), detail::name_set);
}

std::string detail::file_path(string_view url) {
  if (detail::scheme_of(url) != "file") refuse("not a file: URL: ", url);
  const Address address = parse(url);
  if (!address.host.empty() || !address.user.empty()) refuse("a file: URL of another host: ", url);
  std::string path = percent_decode(address.path);
  if (path.find('\0') != std::string::npos) refuse("a NUL in the URL ", url);
  return path;
}

}  // namespace catvox
