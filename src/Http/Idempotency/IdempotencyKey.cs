using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Events.Commands.Handling;
using Events.Http.Auth;
using Events.Http.Problems;

namespace Events.Http.Idempotency;

/// <summary>The <c>Idempotency-Key</c> header: a quoted string as the draft has it, or bare.</summary>
public static class IdempotencyKey
{
    public const string Header = "Idempotency-Key";

    public const int MaxLength = 200;

    private static readonly SearchValues<char> Allowed = SearchValues.Create(Enumerable.Range(0x21, 0x5e).Select(c => (char)c).Where(c => c is not ('"' or '\\')).ToArray());

    /// <summary>The key and the request's hash; null without the header, or with a problem.</summary>
    public static IdempotentRequest? Read(HttpContext http, Caller caller, ReadOnlyMemory<byte> body, out Problem? problem) =>
        Read(http, caller.Actor, body, out problem);

    /// <inheritdoc cref="Read(HttpContext, Caller, ReadOnlyMemory{byte}, out Problem?)"/>
    public static IdempotentRequest? Read(HttpContext http, string actor, ReadOnlyMemory<byte> body, out Problem? problem)
    {
        problem = null;
        var header = http.Request.Headers[Header];
        if (header.Count == 0)
            return null;
        if (Parse(header.Count == 1 ? header[0] : null) is not { } key)
        {
            problem = new Problem(400, "malformed_idempotency_key", $"An Idempotency-Key is one string of 1 to {MaxLength} visible ASCII characters, quoted or bare.");
            return null;
        }

        return Of(actor, key, http.Request.Method, http.Request.Path.Value + http.Request.QueryString.Value, body.Span);
    }

    /// <summary>null: not a key.</summary>
    public static string? Parse(string? header)
    {
        var key = header.AsSpan().Trim();
        if (key.Length >= 2 && key[0] == '"' && key[^1] == '"')
            key = key[1..^1];
        return key.Length is > 0 and <= MaxLength && !key.ContainsAnyExcept(Allowed) ? key.ToString() : null;
    }

    /// <summary>Keys belong to who sends them: two people of a workspace never meet in one.</summary>
    public static IdempotentRequest Of(string actor, string key, string method, string target, ReadOnlySpan<byte> body)
    {
        var text = ArrayPool<byte>.Shared.Rent(method.Length + (target.Length * 3) + 2 + body.Length);
        var length = Encoding.UTF8.GetBytes(method, text);
        text[length++] = (byte)'\n';
        length += Encoding.UTF8.GetBytes(target, text.AsSpan(length));
        text[length++] = (byte)'\n';
        body.CopyTo(text.AsSpan(length));
        var hash = SHA256.HashData(text.AsSpan(0, length + body.Length));
        ArrayPool<byte>.Shared.Return(text);
        return new IdempotentRequest($"{actor}:{key}", hash);
    }
}
