using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Events.Http.Problems;
using Microsoft.Net.Http.Headers;

namespace Events.Http.Bodies;

/// <summary>A request's whole body in memory, within its limit; returns what it borrowed when disposed.</summary>
public sealed class RequestBody : IDisposable
{
    /// <summary>Bytes, where an endpoint says nothing else.</summary>
    public const int DefaultLimit = 512 << 10;

    private const int MaxDepth = 16;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    private byte[]? rented;

    private RequestBody(byte[]? rented, ReadOnlyMemory<byte> bytes) => (this.rented, Bytes) = (rented, bytes);

    /// <summary>Valid until disposal.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Reads it all; a problem when it is too large, of another media type or cut short.</summary>
    public static async ValueTask<(RequestBody? Body, Problem? Problem)> ReadAsync(HttpContext http, int limit = DefaultLimit)
    {
        var request = http.Request;
        if (request.ContentLength is 0 || (request.ContentLength is null && request.Headers.TransferEncoding.Count == 0))
            return (new RequestBody(null, ReadOnlyMemory<byte>.Empty), null);
        if (!IsJson(request.ContentType))
            return (null, new Problem(415, "unsupported_media_type", "Send application/json or, for a change, application/merge-patch+json, in UTF-8."));
        if (request.Headers.ContentEncoding is { Count: > 0 } encoding && !string.Equals(encoding, "identity", StringComparison.OrdinalIgnoreCase))
            return (null, new Problem(415, "unsupported_content_encoding", "Send the body as it is, without Content-Encoding."));
        if (request.ContentLength > limit)
            return (null, TooLarge(limit));

        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(http.RequestAborted);
            var buffer = read.Buffer;
            if (buffer.Length > limit)
            {
                reader.AdvanceTo(buffer.End);
                return (null, TooLarge(limit));
            }

            if (read.IsCompleted)
            {
                var length = (int)buffer.Length;
                var copy = ArrayPool<byte>.Shared.Rent(length);
                buffer.CopyTo(copy);
                reader.AdvanceTo(buffer.End);
                return (new RequestBody(copy, copy.AsMemory(0, length)), null);
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>Binds the body; null with a problem when it is not of the shape.</summary>
    /// <param name="emptyIsObject">Whether no body at all stands for <c>{}</c>.</param>
    public T? Bind<T>(BodyShape<T> shape, out Problem? problem, bool emptyIsObject = false)
        where T : class, new()
    {
        problem = null;
        if (Bytes.IsEmpty && emptyIsObject)
            return new T();
        try
        {
            var reader = new Utf8JsonReader(Bytes.Span, Options);
            reader.Read();
            var errors = new BodyErrors();
            var target = shape.Read(ref reader, "", errors);
            // What follows the document is refused too.
            while (reader.Read())
            {
            }

            if (errors.Found.Count == 0)
                return target;
            problem = Problem.Invalid(errors.Found);
        }
        catch (JsonException error)
        {
            problem = Bytes.IsEmpty
                ? new Problem(400, "body_required", "The request needs a JSON body.")
                : new Problem(400, "malformed_json", $"The body is not JSON of at most {MaxDepth} levels: see line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}.");
        }

        return null;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref rented, null) is { } array)
            ArrayPool<byte>.Shared.Return(array);
    }

    private static Problem TooLarge(int limit) => new(413, "body_too_large", $"The body has more than {limit} bytes, which is the limit here.");

    private static bool IsJson(string? contentType)
    {
        if (contentType is null)
            return false;
        var media = contentType.AsSpan();
        var end = media.IndexOf(';');
        if (end >= 0 && MediaTypeHeaderValue.TryParse(contentType, out var parsed) && parsed.Charset is { Length: > 0 } charset
            && !charset.AsSpan().Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        media = (end < 0 ? media : media[..end]).Trim();
        return media.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || media.Equals("application/merge-patch+json", StringComparison.OrdinalIgnoreCase);
    }
}
