using System.Buffers;

namespace Events.Http.Answers;

public static class DocumentAnswer
{
    /// <summary>A document as the read model holds it; 304 when the caller holds it already.</summary>
    public static async Task WriteDocumentAsync(this HttpContext http, ReadOnlyMemory<byte> json, string tag)
    {
        var response = http.Response;
        response.Headers.ETag = tag;
        if (Versions.IsNotModified(http.Request, tag))
        {
            response.StatusCode = 304;
            return;
        }

        response.ContentType = "application/json";
        response.ContentLength = json.Length;
        response.BodyWriter.Write(json.Span);
        await response.BodyWriter.FlushAsync();
    }
}
