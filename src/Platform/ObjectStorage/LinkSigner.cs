using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace Events.Platform.ObjectStorage;

/// <summary>What a local link permits, as it stands in its query.</summary>
/// <param name="Size">Upload: exact bytes. Download: 0.</param>
/// <param name="FileName">Download: what to save it as. Upload: empty.</param>
public sealed record LinkTerms(string Method, ObjectKey Key, DateTimeOffset Expires, long Size, string ContentType, string FileName, string Sha256);

/// <summary>Signs the local store's links with HMAC-SHA256 over every term, each led by its length so that no two sets of terms sign alike.</summary>
public sealed class LinkSigner(byte[] secret, TimeProvider time)
{
    public const string PathPrefix = "/storage/";

    public Uri Sign(LinkTerms terms)
    {
        var query = new Dictionary<string, string?>
        {
            ["expires"] = terms.Expires.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            ["size"] = terms.Size.ToString(CultureInfo.InvariantCulture),
            ["type"] = terms.ContentType,
            ["name"] = terms.FileName,
            ["sha256"] = terms.Sha256,
            ["signature"] = WebEncoders.Base64UrlEncode(Mac(terms)),
        };
        return new Uri(QueryHelpers.AddQueryString(PathPrefix + terms.Key.Value, query), UriKind.Relative);
    }

    /// <summary>The terms of a link that this signer made, for this method, and that has not expired; null otherwise.</summary>
    public LinkTerms? Verify(string method, string key, Func<string, string?> query)
    {
        if (!ObjectKey.TryParse(key, out var objectKey)
            || !long.TryParse(query("expires"), NumberStyles.None, CultureInfo.InvariantCulture, out var expires)
            || expires > DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            || !long.TryParse(query("size"), NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            || query("type") is not { } type
            || query("signature") is not { Length: < 100 } signature)
            return null;
        var terms = new LinkTerms(
            method, objectKey, DateTimeOffset.FromUnixTimeSeconds(expires), size, type, query("name") ?? "", query("sha256") ?? "");
        var expected = Encoding.ASCII.GetBytes(WebEncoders.Base64UrlEncode(Mac(terms)));
        return CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(signature)) && terms.Expires > time.GetUtcNow()
            ? terms
            : null;
    }

    private byte[] Mac(LinkTerms terms)
    {
        var text = new StringBuilder();
        foreach (var term in (ReadOnlySpan<string>)
        [
            terms.Method,
            terms.Key.Value,
            terms.Expires.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            terms.Size.ToString(CultureInfo.InvariantCulture),
            terms.ContentType,
            terms.FileName,
            terms.Sha256,
        ])
        {
            text.Append(CultureInfo.InvariantCulture, $"{term.Length}:{term}");
        }
        return HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(text.ToString()));
    }
}
