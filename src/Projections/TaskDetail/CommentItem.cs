using System.Text.Json;
using Npgsql;

namespace Events.Projections.TaskDetail;

internal sealed record CommentItem(Guid Id, string? Author, DateTime CreatedAt, DateTime? EditedAt, string Body)
{
    public static CommentItem Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0),
        reader.IsDBNull(2) ? null : reader.GetString(2),
        reader.GetDateTime(3),
        reader.IsDBNull(4) ? null : reader.GetDateTime(4),
        reader.GetString(5));

    public static void Write(CommentItem comment, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, comment.Id);
        json.WriteString("author"u8, comment.Author);
        json.WriteString("body"u8, comment.Body);
        json.WriteString("createdAt"u8, comment.CreatedAt);
        if (comment.EditedAt is { } editedAt)
            json.WriteString("editedAt"u8, editedAt);
        else
            json.WriteNull("editedAt"u8);
        json.WriteEndObject();
    }
}
