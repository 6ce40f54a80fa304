using System.Text.Json;
using Events.Commands.Tasks;
using Events.Http.Bodies;
using Events.Workers.Imports.Reading;
using Events.Workers.Imports.Running;

namespace Events.Http.Imports;

/// <summary>Imports and previews on the wire.</summary>
internal static class ImportAnswers
{
    public static void Write(Utf8JsonWriter json, ImportRecord import)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, import.Id);
        json.WriteString("fileId"u8, import.FileId);
        json.WriteString("fileName"u8, import.FileName);
        json.WriteString("format"u8, import.Format);
        json.WriteString("projectId"u8, import.ProjectId?.ToString("D"));
        json.WriteBoolean("dryRun"u8, import.DryRun);
        json.WriteNumber("rows"u8, import.Counts.Rows);
        json.WriteNumber("created"u8, import.Counts.Created);
        json.WriteNumber("existing"u8, import.Counts.Existing);
        json.WriteNumber("restored"u8, import.Counts.Restored);
        json.WriteNumber("failed"u8, import.Counts.Failed);
        json.WriteNumber("warned"u8, import.Counts.Warned);
        json.WriteString("reportFileId"u8, import.ReportFileId?.ToString("D"));
        json.WriteString("finishedAt"u8, import.FinishedAt?.UtcDateTime.ToString("O"));
        json.WriteString("undoJobId"u8, import.UndoId?.ToString("D"));
        json.WriteNumber("undone"u8, import.Undone);
        json.WriteNumber("kept"u8, import.Kept);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, Preview preview)
    {
        var notes = preview.Notes;
        json.WriteStartObject();
        json.WriteString("encoding"u8, notes.Encoding);
        json.WriteString("delimiter"u8, notes.Delimiter);
        if (notes.HasHeader is { } hasHeader)
            json.WriteBoolean("hasHeader"u8, hasHeader);
        else
            json.WriteNull("hasHeader"u8);
        WriteTexts(json, "columns", notes.Columns);
        json.WriteStartObject("mapping"u8);
        WriteMapping(json, notes.Mapping);
        json.WriteEndObject();
        json.WriteStartArray("problems"u8);
        foreach (var problem in preview.Stopped is { } stopped ? [.. notes.Problems, stopped] : notes.Problems)
            Write(json, problem);
        json.WriteEndArray();
        json.WriteStartArray("rows"u8);
        foreach (var row in preview.Rows)
            Write(json, row);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMapping(Utf8JsonWriter json, IReadOnlyDictionary<string, IReadOnlyList<string>> mapping)
    {
        json.WriteStartObject("columns"u8);
        foreach (var (field, columns) in mapping)
            WriteTexts(json, field, columns);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ImportRow row)
    {
        json.WriteStartObject();
        json.WriteNumber("row"u8, row.Number);
        if (row.Content is { } task)
        {
            json.WriteStartObject("task"u8);
            json.WriteString("sourceKey"u8, task.SourceKey);
            json.WriteString("title"u8, task.Title);
            json.WriteString("description"u8, task.Description is { Length: > 500 } text ? text[..500] : task.Description);
            json.WriteString("status"u8, WireNames.Of<WorkStatus>().NameOf(task.Status ?? WorkStatus.Backlog));
            json.WriteString("priority"u8, WireNames.Of<Priority>().NameOf(task.Priority));
            json.WriteString("author"u8, Shown(task.Author));
            json.WriteString("assignee"u8, Shown(task.Assignee));
            WriteTexts(json, "labels", task.Labels);
            json.WriteString("dueOn"u8, task.DueOn?.ToString("yyyy-MM-dd"));
            if (task.Estimate is { } estimate)
                json.WriteNumber("estimate"u8, estimate);
            else
                json.WriteNull("estimate"u8);
            json.WriteString("createdAt"u8, task.CreatedAt?.UtcDateTime.ToString("O"));
            json.WriteString("closedAt"u8, task.ClosedAt?.UtcDateTime.ToString("O"));
            json.WriteNumber("comments"u8, task.Comments.Count);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("task"u8);
        }
        json.WriteStartArray("problems"u8);
        foreach (var problem in row.Problems)
            Write(json, problem);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, RowProblem problem)
    {
        json.WriteStartObject();
        json.WriteNumber("row"u8, problem.Row);
        if (problem.Line is { } line)
            json.WriteNumber("line"u8, line);
        else
            json.WriteNull("line"u8);
        json.WriteString("column"u8, problem.Column);
        json.WriteString("code"u8, problem.Code);
        json.WriteString("detail"u8, problem.Detail);
        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static string? Shown(ImportedPerson? person) => person?.Name ?? person?.Username ?? person?.Email;
}
