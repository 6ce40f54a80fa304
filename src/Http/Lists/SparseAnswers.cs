using System.Text.Json;
using Events.Http.Describing;
using Events.Http.Problems;
using Microsoft.AspNetCore.WebUtilities;

namespace Events.Http.Lists;

/// <summary>
/// <c>fields=</c> on everything that can be read: of a list's items, or of a document, only these members. Which there are, the
/// operation's example tells. A request that does not ask for it goes by untouched.
/// </summary>
internal static class SparseAnswers
{
    public const string Parameter = "fields";

    private static readonly byte[] Items = "items"u8.ToArray();

    /// <summary>The members that may be asked for; empty when the answer is no JSON object.</summary>
    public static IReadOnlyList<string> FieldsOf(Operation operation)
    {
        if (operation.Streams || operation.MediaType != "application/json" || operation.Example is not ['{', ..])
            return [];
        using var example = JsonDocument.Parse(operation.Example);
        var shown = operation.Paginated ? example.RootElement.GetProperty(Items).EnumerateArray().First() : example.RootElement;
        return [.. shown.EnumerateObject().Select(member => member.Name)];
    }

    public static RequestDelegate Wrap(RequestDelegate next, Operation operation)
    {
        var known = FieldsOf(operation);
        return known.Count == 0 ? next : http => Asked(http.Request) is { } text ? AnswerAsync(http, next, text, known, operation.Paginated) : next(http);
    }

    /// <summary>Whether the request asks an endpoint that knows what to do with it.</summary>
    public static bool IsAsked(HttpContext http) => http.Features.Get<Selection>() is not null;

    private static string? Asked(HttpRequest request)
    {
        if (!request.QueryString.HasValue)
            return null;
        foreach (var pair in new QueryStringEnumerable(request.QueryString.Value))
        {
            if (pair.DecodeName().Span.SequenceEqual(Parameter))
                return pair.DecodeValue().ToString();
        }

        return null;
    }

    private static async Task AnswerAsync(HttpContext http, RequestDelegate next, string text, IReadOnlyList<string> known, bool paginated)
    {
        var fields = text.Split(',', StringSplitOptions.TrimEntries);
        if (fields.Except(known, StringComparer.Ordinal).Any())
        {
            await http.Response.WriteAsync(Problem.OfParameter(Parameter, "unknown_field", $"It takes, with commas between: {string.Join(", ", known)}."));
            return;
        }

        http.Features.Set(new Selection());
        var (body, whole) = (http.Response.Body, new MemoryStream());
        http.Response.Body = whole;
        try
        {
            await next(http);
            await http.Response.BodyWriter.FlushAsync();
        }
        finally
        {
            http.Response.Body = body;
        }

        var answer = (ReadOnlyMemory<byte>)whole.GetBuffer().AsMemory(0, (int)whole.Length);
        if (http.Response is { StatusCode: 200, ContentType: "application/json" })
            answer = paginated ? OfItems(answer, fields) : SparseFields.Apply(answer, fields);
        if (answer.IsEmpty)
            return;
        http.Response.ContentLength = answer.Length;
        await http.Response.BodyWriter.WriteAsync(answer);
    }

    private static ReadOnlyMemory<byte> OfItems(ReadOnlyMemory<byte> page, IReadOnlyList<string> fields)
    {
        var json = new Utf8JsonReader(page.Span);
        while (json.Read())
        {
            if (json.CurrentDepth != 1 || json.TokenType != JsonTokenType.PropertyName)
                continue;
            var isItems = json.ValueTextEquals(Items);
            json.Read();
            if (!isItems)
            {
                json.Skip();
                continue;
            }

            var from = (int)json.TokenStartIndex + 1;
            json.Skip();
            var to = (int)json.BytesConsumed - 1;
            return (byte[])[.. page.Span[..from], .. SparseFields.Apply(page[from..to], fields).Span, .. page.Span[to..]];
        }

        return page;
    }

    private sealed class Selection;
}
