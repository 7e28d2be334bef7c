#include <algorithm>
#include <array>
#include <catvox/core/error.hpp>
#include <catvox/http/url.hpp>
#include <charconv>
#include <filesystem>
#include <optional>

namespace catvox {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return result;
}

std::optional<int> hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string percent_decode(std::string_view text) {
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

void append_encoded(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += hex_digits[byte >> 4];
  out += hex_digits[byte & 15];
}

// The pieces of an absolute URL, by position: scheme://authority rest
struct Split {
  std::string_view scheme, authority, rest;
};

std::optional<Split> split(std::string_view url) {
  const auto colon = url.find("://");
  if (colon == std::string_view::npos || colon == 0 || !is_alpha(url[0])) return std::nullopt;
  const auto scheme = url.substr(0, colon);
  const bool valid = std::all_of(scheme.begin(), scheme.end(), [](char c) {
    return is_alpha(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
  if (!valid) return std::nullopt;
  const auto start = colon + 3;
  const auto end = std::min(url.find_first_of("/?#", start), url.size());
  return Split{scheme, url.substr(start, end - start), url.substr(end)};
}

std::string_view without_user(std::string_view authority) {
  const auto at = authority.rfind('@');
  return at == std::string_view::npos ? authority : authority.substr(at + 1);
}

bool looks_secret(std::string_view key) {
  constexpr std::array words = {"token", "key", "sig", "pass", "secret", "auth", "credential", "session"};
  const auto name = lower(key);
  return std::any_of(words.begin(), words.end(), [&](const char* w) { return name.find(w) != std::string::npos; });
}

}  // namespace

std::string scheme_of(std::string_view url) {
  const auto parts = split(url);
  return parts ? lower(parts->scheme) : std::string();
}

Origin origin_of(std::string_view url) {
  const auto parts = split(url);
  const auto scheme = scheme_of(url);
  const int default_port = scheme == "http" ? 80 : scheme == "https" ? 443 : 0;
  if (!parts || (default_port == 0 && scheme != "file")) {
    throw Error(Errc::invalid_argument, "not an absolute http:, https: or file: URL: " + redact_url(url));
  }
  auto host = without_user(parts->authority);
  int port = default_port;
  // An IPv6 address has colons of its own, inside brackets.
  const auto colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    const auto digits = host.substr(colon + 1);
    host = host.substr(0, colon);
    if (!digits.empty()) {
      const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
      if (failure != std::errc() || end != digits.data() + digits.size() || port < 0 || port > 65535) {
        throw Error(Errc::invalid_argument, "not a port number in " + redact_url(url));
      }
    }
  }
  if (host.empty() && scheme != "file") {
    throw Error(Errc::invalid_argument, "no host in " + redact_url(url));
  }
  return {scheme, lower(host), port};
}

std::string resolve_url(std::string_view base, std::string_view reference) {
  if (split(reference)) return std::string(reference);
  const auto parts = split(base);
  if (!parts) throw Error(Errc::invalid_argument, "not an absolute URL: " + redact_url(base));
  if (reference.starts_with("//")) return std::string(parts->scheme) + ":" + std::string(reference);
  const auto origin = std::string(parts->scheme) + "://" + std::string(parts->authority);
  if (reference.starts_with('/')) return origin + std::string(reference);
  const auto path = parts->rest.substr(0, parts->rest.find_first_of("?#"));
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string_view::npos ? std::string_view("/") : path.substr(0, slash + 1);
  return origin + std::string(folder) + std::string(reference);
}

std::string encode_url(std::string_view url) {
  std::string result;
  result.reserve(url.size());
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      throw Error(Errc::invalid_argument, "control character in the URL " + redact_url(url));
    }
    if (byte == ' ' || byte >= 0x80) {
      append_encoded(result, c);
    } else {
      result += c;
    }
  }
  return result;
}

std::string redact_url(std::string_view url) {
  std::string result;
  std::string_view rest = url;
  if (const auto parts = split(url)) {
    result = std::string(parts->scheme) + "://" + std::string(without_user(parts->authority));
    rest = parts->rest;
  } else if (url.starts_with("//")) {
    const auto end = std::min(url.find_first_of("/?#", 2), url.size());
    result = "//" + std::string(without_user(url.substr(2, end - 2)));
    rest = url.substr(end);
  }
  const auto question = std::min(rest.find('?'), rest.size());
  result += rest.substr(0, question);
  for (auto query = rest.substr(question); !query.empty();) {
    // query starts with the '?' or '&' before its next member
    const auto member = query.substr(0, query.find('&', 1));
    const auto equals = member.find('=');
    if (equals != std::string_view::npos && looks_secret(member.substr(1, equals - 1))) {
      result += std::string(member.substr(0, equals + 1)) + "***";
    } else {
      result += member;
    }
    query.remove_prefix(member.size());
  }
  std::replace_if(
      result.begin(), result.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return result;
}

UrlUser split_user(std::string_view url) {
  const auto parts = split(url);
  if (!parts) return {std::string(url), {}, {}};
  const auto at = parts->authority.rfind('@');
  if (at == std::string_view::npos) return {std::string(url), {}, {}};
  const auto user = parts->authority.substr(0, at);
  const auto colon = std::min(user.find(':'), user.size());
  const auto password = colon < user.size() ? user.substr(colon + 1) : std::string_view();
  return {std::string(parts->scheme) + "://" + std::string(parts->authority.substr(at + 1)) + std::string(parts->rest),
          percent_decode(user.substr(0, colon)), percent_decode(password)};
}

std::string file_url(std::string_view path) {
  std::string url = "file://";
  for (const char c : std::filesystem::absolute(path).lexically_normal().string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '%' || c == '?' || c == '#') {
      append_encoded(url, c);
    } else {
      url += c;
    }
  }
  return url;
}

std::string file_path(std::string_view url) {
  const auto parts = split(url);
  if (!parts || lower(parts->scheme) != "file") {
    throw Error(Errc::invalid_argument, "not a file: URL: " + redact_url(url));
  }
  if (!parts->authority.empty() && lower(parts->authority) != "localhost") {
    throw Error(Errc::invalid_argument, "a file: URL of another host: " + redact_url(url));
  }
  return percent_decode(parts->rest.substr(0, parts->rest.find_first_of("?#")));
}

}  // namespace catvox
