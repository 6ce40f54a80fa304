using System.Text;
using Events.Commands.Deciding;

namespace Events.Workers.Imports.Reading;

/// <summary>
/// Makes a foreign row fit the limits of a task without losing words: what is too long is cut, the whole title goes on in the
/// description, and every cut is a warning with the row.
/// </summary>
internal static class ImportFit
{
    public static ImportedTask Fit(ImportedTask task, long row, long? line, ICollection<RowProblem> warnings)
    {
        var title = OneLine(Clean(task.Title));
        var description = task.Description is null ? null : Clean(task.Description).TrimEnd();
        if (title.Length > Limits.Title)
        {
            description = title + (string.IsNullOrEmpty(description) ? "" : "\n\n" + description);
            title = Cut(title, Limits.Title);
            Warn("title", "title_shortened", $"The title is longer than {Limits.Title} characters; all of it leads the description.");
        }
        if (description is { Length: > Limits.Description })
        {
            description = Cut(description, Limits.Description);
            Warn("description", "description_shortened", $"The description is longer than {Limits.Description:N0} characters and was cut.");
        }
        return task with
        {
            Title = title,
            Description = string.IsNullOrEmpty(description) ? null : description,
            Labels = FitLabels(task.Labels),
            DueOn = FitDate(task.DueOn),
            Estimate = FitEstimate(task.Estimate),
            Comments = FitComments(task.Comments),
            Checklist =
            [
                .. task.Checklist.Select(static item => item with { Text = Cut(OneLine(Clean(item.Text)), Limits.ChecklistText) })
                    .Where(static item => item.Text.Length > 0).Take(Limits.ChecklistItems),
            ],
        };

        void Warn(string column, string code, string detail) => warnings.Add(new RowProblem(row, line, column, code, detail));

        IReadOnlyList<string> FitLabels(IReadOnlyList<string> labels)
        {
            if (labels.Count == 0)
                return labels;
            var fitted = labels.Select(static label => Cut(OneLine(Clean(label)), Limits.Label)).Where(static label => label.Length > 0)
                .Distinct(StringComparer.OrdinalIgnoreCase).ToList();
            if (fitted.Count > Limits.LabelsOfTask)
                Warn("labels", "labels_dropped", $"{fitted.Count} labels; the first {Limits.LabelsOfTask} were kept.");
            return fitted.Count > Limits.LabelsOfTask ? fitted[..Limits.LabelsOfTask] : fitted;
        }

        DateOnly? FitDate(DateOnly? date)
        {
            if (date is null || (date >= Limits.FirstDate && date <= Limits.LastDate))
                return date;
            Warn("dueOn", "date_out_of_range", $"The due date {date:yyyy-MM-dd} is not between {Limits.FirstDate:yyyy} and {Limits.LastDate:yyyy} and was left out.");
            return null;
        }

        decimal? FitEstimate(decimal? estimate)
        {
            if (estimate is null or (>= 0 and <= Limits.Estimate))
                return estimate;
            Warn("estimate", "estimate_out_of_range", $"The estimate {estimate} is not between 0 and {Limits.Estimate:N0} and was left out.");
            return null;
        }

        IReadOnlyList<ImportedComment> FitComments(IReadOnlyList<ImportedComment> comments)
        {
            if (comments.Count == 0)
                return comments;
            if (comments.Count > Limits.Comments)
                Warn("comments", "comments_dropped", $"{comments.Count:N0} comments; the first {Limits.Comments:N0} were kept.");
            return [.. comments.Select(static c => c with { Body = Cut(Clean(c.Body).Trim(), Limits.Comment) }).Where(static c => c.Body.Length > 0).Take(Limits.Comments)];
        }
    }

    /// <summary>Without what cannot be stored: NUL, and halves of surrogate pairs. Line ends become <c>\n</c>.</summary>
    public static string Clean(string text)
    {
        if (WellFormedText.Is(text))
            return text.Contains('\r', StringComparison.Ordinal) ? text.ReplaceLineEndings("\n") : text;
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value != 0)
                clean.Append(rune.ToString());
        }
        return clean.ToString().ReplaceLineEndings("\n");
    }

    private static string OneLine(string text) =>
        (text.AsSpan().ContainsAny('\n', '\t') ? string.Join(' ', text.Split(['\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)) : text).Trim();

    /// <summary>At most <paramref name="length"/> characters, never half a surrogate pair.</summary>
    private static string Cut(string text, int length)
    {
        if (text.Length <= length)
            return text;
        var end = length - 1;
        if (char.IsHighSurrogate(text[end - 1]))
            end--;
        return text[..end] + "…";
    }
}
