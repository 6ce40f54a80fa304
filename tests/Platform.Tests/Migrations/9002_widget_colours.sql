create table widget_colours (
  widget_id int not null references widgets (id),
  colour text not null);
